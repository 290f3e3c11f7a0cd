//! Events of DataChallenges, for tests.

use alloy_primitives::{Address, U256};

use super::DataTarget;
use crate::abi::IDataChallenges;

/// Somebody asks, and pays that.
pub fn challenged(
    target: DataTarget,
    challenger: Address,
    price: U256,
    deadline: u64,
) -> IDataChallenges::Challenged {
    let IDataChallenges::Target {
        epoch,
        kind,
        place,
        number,
    } = target.into();
    IDataChallenges::Challenged {
        epoch,
        challenger,
        kind,
        place,
        number,
        price,
        deadline,
    }
}

/// Somebody answers, and is paid that.
pub fn answered(target: DataTarget, answerer: Address, paid: U256) -> IDataChallenges::Answered {
    let IDataChallenges::Target {
        epoch,
        kind,
        place,
        number,
    } = target.into();
    IDataChallenges::Answered {
        epoch,
        answerer,
        kind,
        place,
        number,
        paid,
    }
}
