//! No path captures more than was authorized or refunds more than was captured, whatever facts
//! come in whatever order, and whatever the shop asks for.

use crate::common::*;
use payment::*;
use proptest::prelude::*;

/// One thing that happens to a payment.
#[derive(Clone, Debug)]
enum Step {
    Fact(Event),
    Ask(Command),
    /// The PSP carries out the open call.
    Succeed,
    /// The PSP refuses the open call.
    Refuse,
    /// The newest refund goes to this state.
    Refund(RefundState),
}

fn amount() -> impl Strategy<Value = i64> {
    prop_oneof![Just(0), Just(400), Just(600), Just(1000), 1..1500i64]
}

fn some_items() -> impl Strategy<Value = Items> {
    prop_oneof![Just(items(&[1])), Just(items(&[2])), Just(items(&[1, 2]))]
}

fn step() -> impl Strategy<Value = Step> {
    let refund_state = prop::sample::select(RefundState::ALL.to_vec());
    prop_oneof![
        Just(Step::Fact(Event::Authorized { capturable: eur(1000), multicapture: Some(true) })),
        Just(Step::Fact(Event::Processing)),
        Just(Step::Fact(Event::Canceled { reason: None })),
        any::<bool>()
            .prop_map(|retriable| Step::Fact(Event::Failed { reason: "no".into(), retriable })),
        (some_items(), amount())
            .prop_map(|(items, a)| Step::Ask(Command::Capture { items, amount: eur(a) })),
        (some_items(), amount())
            .prop_map(|(items, a)| Step::Ask(Command::Refund { items, amount: eur(a) })),
        some_items().prop_map(|items| Step::Ask(Command::Cancel { items })),
        Just(Step::Succeed),
        Just(Step::Refuse),
        refund_state.prop_map(Step::Refund),
    ]
}

/// The PSP as it is bound to behave: it never gives more than it holds.
struct World {
    payment: Payment,
    held: i64,
    captured: i64,
    refunded: i64,
    commands: u128,
}

impl World {
    fn apply(&mut self, event: Event) {
        if let Ok(next) = self.payment.clone().apply(event) {
            self.payment = next.payment;
        }
    }

    fn ask(&mut self, command: &Command) {
        self.commands += 1;
        let (id, refund) = (command_id(self.commands), refund_id(1000 + self.commands));
        match self.payment.clone().decide(command, id, true, refund) {
            Decision::Call(purpose) => {
                self.payment = self.payment.clone().plan(call(purpose)).unwrap();
            }
            Decision::Answer(next, _) => self.payment = next.payment,
            Decision::Resume | Decision::Wait(_) => {}
            Decision::Ask => panic!("asked twice"),
        }
    }

    fn succeed(&mut self) {
        let Some(open) = self.payment.open_call.clone() else { return };
        match open.purpose {
            Purpose::Capture { amount, last, .. } => {
                assert!(amount.minor() <= self.held, "captured {amount} of {} held", self.held);
                self.captured += amount.minor();
                self.held = if last { 0 } else { self.held - amount.minor() };
                self.apply(captured(self.captured, self.held));
            }
            Purpose::Refund { refund, amount, .. } => {
                self.refunded += amount.minor();
                assert!(self.refunded <= self.captured, "refunded more than was captured");
                self.apply(self.refund_fact(refund, amount, RefundState::Succeeded));
            }
            Purpose::Cancel { .. } if self.captured > 0 => {
                self.held = 0;
                self.apply(captured(self.captured, 0));
            }
            Purpose::Cancel { .. } => {
                self.held = 0;
                self.apply(Event::Canceled { reason: None });
            }
            Purpose::Create | Purpose::Update(_) | Purpose::Transfer(_) | Purpose::Reverse(_) => {
                unreachable!("not asked for here")
            }
        }
    }

    fn refuse(&mut self) {
        let Some(open) = self.payment.open_call.clone() else { return };
        let reason = "no".to_owned();
        self.apply(match open.purpose {
            Purpose::Capture { .. } => Event::CaptureRefused { reason },
            Purpose::Refund { refund, .. } => Event::RefundRefused { refund, reason },
            Purpose::Cancel { .. } => Event::CancelRefused { reason, processing: false },
            Purpose::Create | Purpose::Update(_) | Purpose::Transfer(_) | Purpose::Reverse(_) => {
                unreachable!("not asked for here")
            }
        });
    }

    fn refund_fact(&self, refund: RefundId, amount: Money, state: RefundState) -> Event {
        Event::Refund(RefundFact {
            reference: PspRefundId::new(format!("re_{refund}")),
            refund: Some(refund),
            amount,
            state,
            reason: None,
        })
    }

    fn move_refund(&mut self, state: RefundState) {
        let Some(refund) = self.payment.refunds.last().cloned() else { return };
        if refund.state == RefundState::Succeeded && state.came_to_nothing() {
            self.refunded -= refund.amount.minor();
        }
        if refund.state == RefundState::Succeeded || refund.state == RefundState::Pending {
            self.apply(self.refund_fact(refund.id, refund.amount, state));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn money_is_never_moved_beyond_what_is_there(steps in prop::collection::vec(step(), 1..40)) {
        let payment = in_status(Status::New);
        let mut world = World { payment, held: 0, captured: 0, refunded: 0, commands: 0 };
        for step in steps {
            match step {
                // The PSP says only what holds there.
                Step::Fact(Event::Authorized { .. }) if world.payment.authorized.is_zero() => {
                    world.held = 1000;
                    world.apply(authorized());
                    if world.payment.status == Status::Canceled { world.held = 0; }
                }
                Step::Fact(Event::Canceled { reason }) if world.captured == 0 => {
                    world.held = 0;
                    world.apply(Event::Canceled { reason });
                }
                Step::Fact(Event::Authorized { .. } | Event::Canceled { .. }) => {}
                Step::Fact(event) => world.apply(event),
                Step::Ask(command) => world.ask(&command),
                Step::Succeed => {
                    world.succeed();
                    prop_assert_eq!(&world.payment.open_call, &None, "an answer settles its call");
                }
                Step::Refuse => {
                    world.refuse();
                    prop_assert_eq!(&world.payment.open_call, &None, "an answer settles its call");
                }
                Step::Refund(state) => world.move_refund(state),
            }
            let payment = &world.payment;
            prop_assert!(payment.authorized.covers(payment.captured));
            prop_assert!(payment.captured.covers(payment.refunded_or_in_flight()));
            prop_assert!(
                payment.captured.plus(payment.capturable).unwrap().minor() <= 1000,
                "more can be captured than was ever held: {payment:?}"
            );
        }
    }

    /// Webhooks come twice and in any order: once all of them were applied, the money is the same.
    #[test]
    fn the_order_of_events_does_not_change_the_money(
        order in Just(vec![0usize, 1, 2, 0, 1, 2]).prop_shuffle()
    ) {
        let facts = [created(), authorized(), captured(1000, 0)];
        let payment = order.into_iter().fold(fresh(), |payment, index| {
            match payment.clone().apply(facts[index].clone()) {
                Ok(next) => next.payment,
                Err(_) => payment,
            }
        });
        prop_assert_eq!(payment.status, Status::Captured);
        prop_assert_eq!(payment.captured, eur(1000));
        prop_assert_eq!(payment.captured_items(), items(&[1, 2]));
    }

    /// In whatever order the same events come, the shop hears the same results in the same order.
    #[test]
    fn the_order_of_events_does_not_change_what_the_shop_hears(
        order in Just(vec![0usize, 1, 2, 0, 1, 2]).prop_shuffle()
    ) {
        let facts = [created(), authorized(), captured(1000, 0)];
        let mut results = Vec::new();
        let mut payment = fresh();
        for index in order {
            if let Ok(next) = payment.clone().apply(facts[index].clone()) {
                payment = next.payment;
                results.extend(next.tell.into_iter().filter_map(|message| match message {
                    Message::Result { kind, .. } => Some(kind),
                    Message::Created | Message::Updated { .. } => None,
                }));
            }
        }
        prop_assert_eq!(results, vec![ResultKind::Authorized, ResultKind::Captured]);
    }
}
