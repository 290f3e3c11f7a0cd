//! The deployment's end: seen in final blocks, believed of all endpoints together, and never taken back.

use super::*;
use crate::relay::acceptance::DeploymentEnd;

/// A root with five accepted checkpoints, of which two are finalized.
fn root() -> Chain {
    let mut root = Chain::new();
    for _ in 0..5 {
        root.send(1);
        root.accept(0);
        root.mine(1);
    }
    root.end.finalized = 2;
    root.mine(3);
    root
}

const CLOSING: DeploymentEnd = DeploymentEnd {
    finalized: 2,
    exit_at: Some(1_050),
    void_from: None,
};
const VOID: DeploymentEnd = DeploymentEnd {
    void_from: Some(3),
    ..CLOSING
};

#[test]
fn what_begins_exit_mode_is_seen_once_its_block_is_final_and_a_void_behind_it() {
    let mut root = root();
    let mut run = Run::new(config(), false);
    let open = run.honest(&root).end;
    assert_eq!(
        (open.finalized, open.exit_at, open.void_from),
        (2, None, None)
    );
    for end in [CLOSING, VOID] {
        let before = run.machine.view().end;
        root.end = end;
        root.mine(1);
        assert_eq!(run.honest(&root).end, before, "its block is not final");
        root.mine(2);
        let view = run.honest(&root).clone();
        assert_eq!(view.end, end);
        // A void ends it whatever the time.
        let now = view.finalized.expect("a block").time;
        assert_eq!(view.is_over(), end.void_from.is_some() || now >= 1_050);
    }
    // Exit mode by time alone.
    let mut root = self::root();
    root.end = CLOSING;
    root.mine(3);
    let mut run = Run::new(config(), false);
    assert!(!run.honest(&root).is_over());
    root.mine(60);
    assert!(run.honest(&root).is_over());
}

#[test]
fn one_endpoint_of_two_ends_nothing_and_keeps_nothing_open_once_both_say_it() {
    for end in [CLOSING, VOID] {
        for liar in 0..2 {
            let honest = root();
            let mut lying = honest.clone();
            lying.end = DeploymentEnd {
                finalized: 3,
                ..end
            };
            lying.mine(4);
            let mut longer = honest.clone();
            longer.mine(4);
            let mut run = Run::new(config(), true);
            let tell = |endpoint: usize, ask: &Ask| match endpoint == liar {
                true => Ok(lying.answer(ask)),
                false => Ok(longer.answer(ask)),
            };
            let view = run.go(60, tell).clone();
            assert!(view.healthy, "{:?}", view.standings);
            assert_eq!(view.end, honest.end, "{liar}");
            assert!(!view.is_over());
            // The other one says so, too, and what is less of it counts.
            longer.end = DeploymentEnd {
                void_from: end.void_from.map(|from| from + 1),
                ..end
            };
            longer.mine(4);
            lying.mine(4);
            let tell = |endpoint: usize, ask: &Ask| match endpoint == liar {
                true => Ok(lying.answer(ask)),
                false => Ok(longer.answer(ask)),
            };
            assert_eq!(run.go(60, tell).end, longer.end);
        }
    }
}

#[test]
fn an_endpoint_that_takes_an_end_back_or_says_what_cannot_be_is_a_liar() {
    // It is read again from then on, so that one that is honest at last is believed.
    let is_liar = |run: &Run| {
        let lies = |event: &Event| matches!(event, Event::Stands { standing: EndpointStanding::Lying(what), .. } if what.contains("are final and"));
        run.events.iter().any(lies)
    };
    let other_time = DeploymentEnd {
        exit_at: Some(1_051),
        ..VOID
    };
    let more_void = DeploymentEnd {
        void_from: Some(4),
        ..VOID
    };
    let less_final = DeploymentEnd {
        finalized: 1,
        ..VOID
    };
    for later in [CLOSING, other_time, more_void, less_final] {
        let mut root = root();
        root.end = VOID;
        root.mine(3);
        let mut run = Run::new(config(), false);
        assert_eq!(run.honest(&root).end, VOID);
        root.end = later;
        root.mine(4);
        run.go(3, |_, ask| Ok(root.answer(ask)));
        assert!(is_liar(&run), "{later:?}");
    }
    let final_void = DeploymentEnd {
        finalized: 4,
        ..VOID
    };
    let no_exit = DeploymentEnd {
        exit_at: None,
        ..VOID
    };
    let behind_all = DeploymentEnd {
        finalized: 6,
        ..CLOSING
    };
    for end in [final_void, no_exit, behind_all] {
        let mut root = root();
        root.end = end;
        root.mine(3);
        let mut run = Run::new(config(), false);
        run.go(3, |_, ask| Ok(root.answer(ask)));
        assert!(is_liar(&run), "{end:?}");
        assert_eq!(run.machine.view().finalized, None);
    }
    // What goes on as it must is none.
    let mut root = root();
    root.end = VOID;
    root.mine(3);
    let mut run = Run::new(config(), false);
    run.honest(&root);
    root.end = DeploymentEnd {
        finalized: 3,
        void_from: Some(3),
        ..VOID
    };
    root.mine(4);
    assert_eq!(run.honest(&root).end, root.end);
    assert!(run.machine.view().healthy);
}
