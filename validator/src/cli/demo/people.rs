//! The people of the demo: their keys, and short words for what they do on both chains.

use std::{sync::Arc, time::Duration};

use alloy_primitives::{Address, FixedBytes, U256};
use alloy_sol_types::SolCall;
use plasmid_bridge::{
    abi::{IInbox, IToken, IVault},
    client::{
        rpc::{At, Call, Limits, Rpc},
        wallet::Wallet,
    },
};
use plasmid_proto::{
    bridge::v1::bridge_service_client::BridgeServiceClient,
    chain::v1::{GetStatusRequest, GetStatusResponse, chain_service_client::ChainServiceClient},
    ledger::v1::{
        FollowRequest, GetAccountRequest, ListBalancesRequest, Stage, Status, SubmitRequest,
        SubmitResponse, account_service_client::AccountServiceClient, follow_request,
        transaction_service_client::TransactionServiceClient,
    },
    stake::v1::stake_service_client::StakeServiceClient,
};
use tonic::transport::Channel;

use super::super::{CliError, bridge::message_index, connect::Deployment};
use crate::{
    client::signer::Signer,
    ledger::{
        Account, Domain,
        transaction::{Body, Header, Transaction},
    },
    localnet::{found, run::Network},
    node::keystore::{KeyKind, Secret},
};

/// Twenty zero bytes: the native coin.
pub const NATIVE: [u8; 20] = [0; 20];
/// A fee that covers every transaction of the demo.
pub const FEE: u128 = 1_000_000_000_000_000;

/// One person on both chains.
pub struct DemoPerson {
    pub signer: Signer,
    pub secret: Secret,
    pub account: Account,
}

impl DemoPerson {
    /// What a transaction of this person says besides its body, with the demo's fee, as the first of its account.
    pub fn header(&self) -> Header {
        Header {
            sender: self.account,
            lane: 0,
            sequence: 0,
            fee: FEE,
            fee_payer: Account::from_bytes(&[0; 21]),
            valid_until: u64::MAX,
            memo: [0; 32],
        }
    }
}

/// The clients of a running network.
pub struct World {
    pub rpc: Arc<Rpc>,
    pub channel: Channel,
    pub domain: Domain,
    pub registry: Address,
    pub vault: Address,
    pub inbox: Address,
    pub token: Address,
}

impl World {
    pub async fn open(network: &Network) -> Result<Self, CliError> {
        Self::of(network, 0).await
    }

    /// As node `number` shows it.
    pub async fn of(network: &Network, number: usize) -> Result<Self, CliError> {
        let channel = Channel::from_shared(network.grpc(number))
            .map_err(|error| CliError::new(error.to_string()))?
            .connect()
            .await
            .map_err(|error| CliError::new(format!("node {number}: {error}")))?;
        let status = ChainServiceClient::new(channel.clone())
            .get_status(GetStatusRequest {})
            .await?
            .into_inner();
        let deployment = Deployment::of(network.local.registry, &status)?;
        Ok(Self {
            rpc: Arc::new(Rpc::new(network.anvil.url(), Limits::default())?),
            channel,
            domain: deployment.domain,
            registry: network.local.registry,
            vault: deployment.vault,
            inbox: deployment.inbox,
            token: network.local.token,
        })
    }

    pub fn accounts(&self) -> AccountServiceClient<Channel> {
        AccountServiceClient::new(self.channel.clone())
    }

    pub fn transactions(&self) -> TransactionServiceClient<Channel> {
        TransactionServiceClient::new(self.channel.clone())
    }

    pub fn chain(&self) -> ChainServiceClient<Channel> {
        ChainServiceClient::new(self.channel.clone())
    }

    pub fn stake(&self) -> StakeServiceClient<Channel> {
        StakeServiceClient::new(self.channel.clone())
    }

    pub fn bridge(&self) -> BridgeServiceClient<Channel> {
        BridgeServiceClient::new(self.channel.clone())
    }

    /// What the node says of itself now.
    pub async fn now(&self) -> Result<GetStatusResponse, CliError> {
        Ok(self
            .chain()
            .get_status(GetStatusRequest {})
            .await?
            .into_inner())
    }

    /// A balance on the child; zero when there is none.
    pub async fn balance(&self, account: &Account, token: &[u8; 20]) -> Result<u128, CliError> {
        let request = ListBalancesRequest {
            account: account.to_string(),
            page_size: 100,
            page_token: String::new(),
        };
        let balances = self
            .accounts()
            .list_balances(request)
            .await?
            .into_inner()
            .balances;
        let name = Address::from(*token).to_string();
        let found = balances
            .iter()
            .find(|balance| balance.token.eq_ignore_ascii_case(&name));
        found.map_or(Ok(0), |balance| {
            balance
                .amount
                .parse()
                .map_err(|error| CliError::new(format!("{}: {error}", balance.amount)))
        })
    }

    /// The sequence of an account in the state, which a forced transaction has: it does not wait in a mempool.
    pub async fn sequence(&self, account: &Account) -> Result<u64, CliError> {
        let request = GetAccountRequest {
            account: account.to_string(),
        };
        Ok(self
            .accounts()
            .get_account(request)
            .await?
            .into_inner()
            .sequence)
    }

    /// The sequence that a wallet signs next: past what waits.
    async fn next_sequence(&self, account: &Account) -> Result<u64, CliError> {
        let request = GetAccountRequest {
            account: account.to_string(),
        };
        let answer = self.accounts().get_account(request).await?;
        Ok(answer.into_inner().next_sequence)
    }

    /// Signs a transaction with the demo's fee.
    pub async fn sign(&self, person: &DemoPerson, body: Body) -> Result<Transaction, CliError> {
        let header = Header {
            sequence: self.next_sequence(&person.account).await?,
            ..person.header()
        };
        Ok(person.signer.sign(header, body, &self.domain))
    }

    /// Hands bytes to the node by gRPC.
    pub async fn submit(&self, bytes: Vec<u8>) -> Result<SubmitResponse, CliError> {
        Ok(self
            .transactions()
            .submit(SubmitRequest {
                transaction: bytes,
                replace: false,
            })
            .await?
            .into_inner())
    }

    /// Withdraws bob's coins to an account on root; gives the withdrawal's number when it stands in a block.
    pub async fn withdraw(&self, recipient: Address, amount: u128) -> Result<u64, CliError> {
        let body = Body::Withdraw {
            recipient: recipient.into_array(),
            token: NATIVE,
            amount,
        };
        let bytes = self.sign(&person("bob")?, body).await?.encode();
        let answer = self.submit(bytes).await?;
        if answer.code != 0 {
            return Err(CliError::new(format!(
                "the withdrawal was refused: {}",
                answer.log
            )));
        }
        let number = self.included(answer.hash).await?.data.try_into();
        number
            .map(u64::from_be_bytes)
            .map_err(|_| CliError::new("the withdrawal's result is not a number"))
    }

    /// Waits until the transaction of this engine hash stands in a block; gives what came of it.
    pub async fn included(&self, hash: Vec<u8>) -> Result<Status, CliError> {
        let request = FollowRequest {
            id: Some(follow_request::Id::Hash(hash)),
        };
        let mut stream = self.transactions().follow(request).await?.into_inner();
        while let Some(message) = stream.message().await? {
            if let Some(status) = message
                .status
                .filter(|status| status.stage >= Stage::Included as i32)
            {
                return Ok(status);
            }
        }
        Err(CliError::new(
            "the transaction left the mempool without a block",
        ))
    }

    /// Calls a view function on root.
    pub async fn read<C: SolCall>(&self, to: Address, call: C) -> Result<C::Return, CliError> {
        let data = self
            .rpc
            .call(&Call::to(to, call.abi_encode()), At::Latest)
            .await?;
        C::abi_decode_returns(&data)
            .map_err(|error| CliError::new(format!("root answered what cannot be read: {error}")))
    }

    /// Deposits the native coin; gives the message's index.
    pub async fn deposit_native(
        &self,
        from: &Wallet,
        to: &Account,
        amount: u128,
    ) -> Result<u64, CliError> {
        let value = self
            .read(self.vault, IVault::quoteCall { native: amount })
            .await?;
        let call = IVault::depositNativeCall {
            amount,
            recipient: vault_account(to),
            refund: from.address(),
        };
        let receipt = from
            .execute(Call {
                value,
                ..Call::to(self.vault, call.abi_encode())
            })
            .await?;
        message_index(self.inbox, &receipt.logs)
    }

    /// Approves and deposits the test token; gives the message's index.
    pub async fn deposit_token(
        &self,
        from: &Wallet,
        to: &Account,
        amount: u128,
    ) -> Result<u64, CliError> {
        let approve = IToken::approveCall {
            spender: self.vault,
            value: U256::from(amount),
        };
        from.execute(Call::to(self.token, approve.abi_encode()))
            .await?;
        let value = self
            .read(self.vault, IVault::quoteCall { native: 0 })
            .await?;
        let call = IVault::depositTokenCall {
            token: self.token,
            amount,
            native: 0,
            recipient: vault_account(to),
            refund: from.address(),
        };
        let receipt = from
            .execute(Call {
                value,
                ..Call::to(self.vault, call.abi_encode())
            })
            .await?;
        message_index(self.inbox, &receipt.logs)
    }

    /// Forces a transaction through the Inbox; gives the message's index.
    pub async fn force(&self, carrier: &Wallet, transaction: Vec<u8>) -> Result<u64, CliError> {
        let value = self.read(self.inbox, IInbox::priceCall {}).await?;
        let call = IInbox::forceCall {
            transaction: transaction.into(),
        };
        let receipt = carrier
            .execute(Call {
                value,
                ..Call::to(self.inbox, call.abi_encode())
            })
            .await?;
        message_index(self.inbox, &receipt.logs)
    }

    /// Waits until the child has consumed message `index`.
    pub async fn consumed(&self, index: u64) -> Result<(), CliError> {
        until(
            &format!("the child has consumed message {index}"),
            async || Ok((self.now().await?.inbox_cursor >= index).then_some(())),
        )
        .await
    }
}

/// Asks until there is an answer, for two minutes at most.
pub async fn until<T>(
    what: &str,
    mut ask: impl AsyncFnMut() -> Result<Option<T>, CliError>,
) -> Result<T, CliError> {
    for _ in 0..1_200 {
        if let Some(found) = ask().await? {
            return Ok(found);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err(CliError::new(format!(
        "waited two minutes until {what}, and that did not happen"
    )))
}

fn vault_account(account: &Account) -> IVault::Account {
    IVault::Account {
        kind: account.kind,
        id: FixedBytes(account.id),
    }
}

/// One of the people that the genesis gives money to.
pub fn person(name: &str) -> Result<DemoPerson, CliError> {
    let known = found::people()
        .into_iter()
        .find(|person| person.name == name);
    let known = known.ok_or_else(|| CliError::new(format!("nobody is called {name}")))?;
    of_key(known.kind, known.secret)
}

/// The operator of a validator.
pub fn operator(number: usize) -> Result<DemoPerson, CliError> {
    of_key(KeyKind::Secp256k1, found::operator_secret(number))
}

fn of_key(kind: KeyKind, secret: Secret) -> Result<DemoPerson, CliError> {
    let signer = Signer::new(kind, &secret)?;
    let account = signer.account();
    Ok(DemoPerson {
        signer,
        secret,
        account,
    })
}
