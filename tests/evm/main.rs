//! An EVM in this process, with code at addresses that is given first, and its answers to calls.
//!
//! ```text
//! in    number of contracts u8, for each: address 20 ‖ length u32 ‖ code
//!       for each call: address 20 ‖ length u32 ‖ calldata
//! out   for each call: outcome u8 (0 returned, 1 reverted, 2 halted) ‖ gas u64 ‖ length u32 ‖ what it gave back, or why it halted
//! ```
//! A call is a transaction of its own, with as much gas as root lets one have, and changes nothing. The input ends where a call would begin.

use std::io::{self, Read, Write};

use revm::bytecode::Bytecode;
use revm::context::TxEnv;
use revm::context_interface::result::ExecutionResult;
use revm::database::{CacheDB, EmptyDB};
use revm::primitives::hardfork::SpecId;
use revm::primitives::{Address, Bytes, TxKind, eip7825};
use revm::state::AccountInfo;
use revm::{Context, ExecuteEvm, MainBuilder, MainContext};

/// More than any transaction has.
const MAX_BYTES: usize = 1 << 20;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let mut input = io::stdin().lock();
    let mut output = io::stdout().lock();
    let mut state = CacheDB::new(EmptyDB::new());
    let mut contracts = [0];
    input.read_exact(&mut contracts)?;
    for _ in 0..contracts[0] {
        let at = address(&mut input)?.ok_or("the input ends before the contracts")?;
        let code = Bytecode::new_raw(bytes(&mut input)?);
        state.insert_account_info(at, AccountInfo::from_bytecode(code));
    }
    let context = Context::mainnet().with_db(state);
    let context = context.modify_cfg_chained(|settings| {
        settings.set_spec_and_mainnet_gas_params(SpecId::OSAKA);
        settings.disable_nonce_check = true;
    });
    let mut evm = context.build_mainnet();
    while let Some(to) = address(&mut input)? {
        let call = TxEnv::builder()
            .kind(TxKind::Call(to))
            .data(bytes(&mut input)?)
            .gas_limit(eip7825::TX_GAS_LIMIT_CAP)
            .build();
        let call = call.map_err(|error| format!("a call that is no transaction: {error:?}"))?;
        let (outcome, gas, given) = match evm.transact(call)?.result {
            ExecutionResult::Success { gas, output, .. } => (0, gas, output.into_data()),
            ExecutionResult::Revert { gas, output, .. } => (1, gas, output),
            ExecutionResult::Halt { reason, gas, .. } => {
                (2, gas, format!("{reason:?}").into_bytes().into())
            }
        };
        let length = u32::try_from(given.len())?;
        output.write_all(&[outcome])?;
        output.write_all(&gas.tx_gas_used().to_be_bytes())?;
        output.write_all(&length.to_be_bytes())?;
        output.write_all(&given)?;
        output.flush()?;
    }
    Ok(())
}

/// The next address; none at the end of the input.
fn address(input: &mut impl Read) -> Result<Option<Address>, Failure> {
    let mut address = [0; 20];
    if input.read(&mut address[..1])? == 0 {
        return Ok(None);
    }
    input.read_exact(&mut address[1..])?;
    Ok(Some(address.into()))
}

fn bytes(input: &mut impl Read) -> Result<Bytes, Failure> {
    let mut length = [0; 4];
    input.read_exact(&mut length)?;
    let length = usize::try_from(u32::from_be_bytes(length))?;
    if length > MAX_BYTES {
        return Err(format!("{length} bytes where at most {MAX_BYTES} can be").into());
    }
    let mut bytes = vec![0; length];
    input.read_exact(&mut bytes)?;
    Ok(bytes.into())
}
