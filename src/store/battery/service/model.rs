//! The service's memory as one would write it on a napkin, and the property that the real ones do the same.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::store::audit::verify;
use crate::store::battery::Fixture;
use crate::store::error::StoreError;
use crate::store::service::{ServiceStore, TicketFilter};

#[derive(Clone, Debug)]
enum Act {
    Save(Vec<Save>),
    EraseUser(u8),
    EraseConversation(u8),
    Done(u8),
    Failed(u8, Option<i64>),
}

#[derive(Clone, Default)]
struct Talk {
    row: Option<ConversationRow>,
    turns: BTreeMap<u32, TurnRow>,
    lines: BTreeMap<u64, MessageRow>,
}

#[derive(Clone, Default)]
struct Model {
    talks: BTreeMap<ConversationId, Talk>,
    tickets: BTreeMap<TicketId, TicketRow>,
    /// Every id that was ever saved, and what has not left: with `None` as its time where it was given up.
    outbox: BTreeMap<String, Option<(OutboxRow, Option<i64>)>>,
    audit: Vec<AuditEntry>,
    erased: BTreeSet<String>,
}

impl Model {
    fn is_erased(&self, conversation: Option<&ConversationId>) -> bool {
        conversation.is_some_and(|id| self.erased.contains(id.as_str()))
    }

    /// The model after the save, or `None` where something is there already, or was erased.
    fn save(mut self, save: &Save) -> Option<Self> {
        let Save { conversation, turn, messages, tickets, outbox, audit, .. } = save.clone();
        let gone = self.is_erased(conversation.as_ref().map(|row| &row.id))
            || tickets.iter().any(|ticket| {
                self.erased.contains(ticket.id.as_str()) || self.is_erased(ticket.conversation_id.as_ref())
            });
        if gone {
            return None;
        }
        if let Some(row) = conversation {
            let talk = self.talks.entry(row.id.clone()).or_default();
            talk.row = Some(row);
            if let Some(turn) = turn {
                let client = turn.client_message_id.as_ref();
                let answered = client.is_some()
                    && talk.turns.values().any(|old| old.client_message_id.as_ref() == client);
                if answered || talk.turns.insert(turn.number, turn).is_some() {
                    return None;
                }
            }
            for line in messages {
                if talk.lines.insert(line.seq, line).is_some() {
                    return None;
                }
            }
        }
        self.tickets.extend(tickets.into_iter().map(|ticket| (ticket.id.clone(), ticket)));
        for row in outbox {
            let due = Some(row.due_at);
            self.outbox.entry(row.id.clone()).or_insert(Some((row, due)));
        }
        self.audit.extend(audit);
        Some(self)
    }

    /// What an erasure counts: conversations, lines, tickets, messages that had not left.
    fn erase(&mut self, gone: BTreeSet<ConversationId>, user: Option<&UserId>) -> (u64, u64, u64) {
        let (mut conversations, mut lines, tickets) = (0, 0, self.tickets.len());
        for id in &gone {
            // Tickets may name one that was never saved: it may still come.
            if let Some(talk) = self.talks.remove(id) {
                self.erased.insert(id.to_string());
                (conversations, lines) = (conversations + 1, lines + talk.lines.len() as u64);
            }
        }
        let erased = &mut self.erased;
        self.tickets.retain(|id, ticket| {
            let theirs = user.is_some() && ticket.user_id.as_ref() == user;
            let goes = theirs || ticket.conversation_id.as_ref().is_some_and(|id| gone.contains(id));
            if goes {
                erased.insert(id.to_string());
            }
            !goes
        });
        (conversations, lines, (tickets - self.tickets.len()) as u64)
    }

    fn talks_of(&self, user: &UserId) -> BTreeSet<ConversationId> {
        let of_tickets = |id: &ConversationId| {
            let mut tickets = self.tickets.values().filter(|ticket| ticket.user_id.as_ref() == Some(user));
            tickets.any(|ticket| ticket.conversation_id.as_ref() == Some(id))
        };
        let theirs = |(id, talk): (&ConversationId, &Talk)| match talk.row.as_ref()?.user_id.as_ref() {
            Some(owner) => (owner == user).then(|| id.clone()),
            None => of_tickets(id).then(|| id.clone()),
        };
        self.talks.iter().filter_map(theirs).collect()
    }
}

fn user(n: u8) -> UserId {
    uid(&format!("u{n}"))
}

fn talk(n: u8) -> ConversationId {
    cid(&format!("c{n}"))
}

prop_compose! {
    fn any_conversation()(n in 0..4_u8, owner in prop::option::of(0..3_u8), state in 0..3_u8, at in 0..50_i64,
        wake_at in prop::option::of(0..50_i64)) -> ConversationRow {
        ConversationRow {
            user_id: owner.map(user),
            state: format!("s{state}"),
            created_at: at,
            wake_at,
            body: format!("{{\"{at}\": {state}}}"),
            ..conversation(talk(n).as_str())
        }
    }
}

prop_compose! {
    fn any_turn()(number in 1..12_u32, client in prop::option::of(0..12_u8)) -> TurnRow {
        TurnRow { client_message_id: client.map(|n| format!("m{n}")), ..turn(number) }
    }
}

prop_compose! {
    fn any_ticket()(n in 0..6_u8, of in prop::option::of(0..4_u8), owner in prop::option::of(0..3_u8),
        status in 0..3_u8, wake_at in prop::option::of(0..50_i64)) -> TicketRow {
        TicketRow {
            conversation_id: of.map(talk),
            user_id: owner.map(user),
            status: format!("s{status}"),
            wake_at,
            ..opened(&format!("T{n}"))
        }
    }
}

prop_compose! {
    fn any_save()(conversation in prop::option::weighted(0.9, any_conversation()), turn in prop::option::of(any_turn()),
        lines in prop::collection::vec(1..40_u64, 0..3), tickets in prop::collection::vec(any_ticket(), 0..2),
        outbox in prop::collection::vec((0..8_u8, 0..50_i64), 0..2), audit in 0..2_usize) -> Save {
        let there = conversation.is_some();
        Save {
            conversation,
            turn: turn.filter(|_| there),
            messages: lines.into_iter().filter(|_| there).map(line).collect(),
            tickets,
            outbox: outbox.into_iter().map(|(n, due)| leaving(&format!("o{n}"), due)).collect(),
            audit: vec![entry("a.b", "c"); audit],
            ..Save::default()
        }
    }
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        12 => prop::collection::vec(any_save(), 1..4).prop_map(Act::Save),
        1 => (0..3_u8).prop_map(Act::EraseUser),
        1 => (0..4_u8).prop_map(Act::EraseConversation),
        2 => (0..8_u8).prop_map(Act::Done),
        2 => (0..8_u8, prop::option::of(0..50_i64)).prop_map(|(n, due)| Act::Failed(n, due)),
    ];
    prop::collection::vec(act, 1..16)
}

pub fn any_sequence_of_saves_does_as_the_model<F: Fixture>() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    proptest!(ProptestConfig::with_cases(40), |(acts in acts())| {
        runtime.block_on(does_as_the_model::<F>(&acts))?;
    });
}

async fn does_as_the_model<F: Fixture>(acts: &[Act]) -> Result<(), TestCaseError> {
    let fixture = F::fresh().await;
    let store = fixture.store();
    let mut model = Model::default();
    for act in acts {
        step(store, &mut model, act).await?;
    }
    same(store, &model).await
}

async fn step(store: &impl ServiceStore, model: &mut Model, act: &Act) -> Result<(), TestCaseError> {
    match act {
        Act::Save(saves) => {
            let after = saves.iter().try_fold(model.clone(), |model, save| model.save(save));
            match (store.save(saves.clone()).await, after) {
                (Ok(()), Some(after)) => *model = after,
                (Err(StoreError::Conflict { .. } | StoreError::Gone), None) => {}
                (saved, after) => prop_assert!(false, "{saved:?}, expected success: {}", after.is_some()),
            }
        }
        Act::EraseUser(n) => {
            let told = entry("user.erased", "x");
            let erased = store.erase_user(&user(*n), told.clone()).await.unwrap();
            let expected = model.erase(model.talks_of(&user(*n)), Some(&user(*n)));
            prop_assert_eq!((erased.conversations, erased.messages, erased.tickets), expected);
            model.audit.push(told);
        }
        Act::EraseConversation(n) => {
            let told = entry("conversation.erased", "x");
            let erased = store.erase_conversation(&talk(*n), told.clone()).await.unwrap();
            let expected = model.erase(BTreeSet::from([talk(*n)]), None);
            prop_assert_eq!((erased.conversations, erased.messages, erased.tickets), expected);
            model.audit.push(told);
        }
        Act::Done(n) => {
            let id = format!("o{n}");
            store.outbox_done(&id).await.unwrap();
            model.outbox.entry(id).and_modify(|row| *row = None);
        }
        Act::Failed(n, due) => {
            let id = format!("o{n}");
            store.outbox_failed(&id, *due, "why").await.unwrap();
            if let Some(Some((row, when))) = model.outbox.get_mut(&id) {
                (row.attempts, row.error, *when) = (row.attempts + 1, Some("why".to_owned()), *due);
                row.due_at = due.unwrap_or(row.due_at);
            }
        }
    }
    Ok(())
}

async fn same(store: &impl ServiceStore, model: &Model) -> Result<(), TestCaseError> {
    for id in (0..4).map(talk) {
        let talk = model.talks.get(&id).cloned().unwrap_or_default();
        prop_assert_eq!(store.conversation(&id).await.unwrap(), talk.row);
        let client = talk.turns.values().find_map(|turn| turn.client_message_id.clone());
        if let Some(client) = client {
            let found = store.turn_of_client_message(&id, &client).await.unwrap();
            prop_assert_eq!(found.unwrap().client_message_id, Some(client));
        }
        prop_assert_eq!(store.turns(&id).await.unwrap(), Vec::from_iter(talk.turns.into_values()));
        prop_assert_eq!(store.messages(&id, 0, 99).await.unwrap(), Vec::from_iter(talk.lines.into_values()));
    }
    let tickets: Vec<_> = model.tickets.values().rev().cloned().collect();
    prop_assert_eq!(store.tickets(&TicketFilter::default()).await.unwrap(), tickets);
    let mut counted: BTreeMap<String, u64> = BTreeMap::new();
    for talk in model.talks.values() {
        *counted.entry(talk.row.as_ref().unwrap().state.clone()).or_default() += 1;
    }
    let counts = store.counts().await.unwrap();
    prop_assert_eq!(counts.conversations, Vec::from_iter(counted));
    let rows = store.audit(0, 999).await.unwrap();
    prop_assert_eq!(verify(&rows, &store.audit_head().await.unwrap()), Ok(model.audit.len() as u64));
    prop_assert_eq!(rows.into_iter().map(|row| row.entry).collect::<Vec<_>>(), model.audit.clone());
    due_as(store, model).await
}

async fn due_as(store: &impl ServiceStore, model: &Model) -> Result<(), TestCaseError> {
    let now = 25;
    let mut waking: Vec<i64> =
        model.talks.values().filter_map(|talk| talk.row.as_ref()?.wake_at).filter(|&at| at <= now).collect();
    waking.sort_unstable();
    let mut woken = Vec::new();
    for id in store.conversations_due(now, 99).await.unwrap() {
        woken.push(model.talks[&id].row.as_ref().unwrap().wake_at.unwrap());
    }
    prop_assert_eq!(woken, waking);
    let mut open: Vec<OutboxRow> = Vec::new();
    let mut dead = 0;
    for (row, due) in model.outbox.values().flatten() {
        match due {
            Some(_) => open.push(row.clone()),
            None => dead += 1,
        }
    }
    let mut due = store.outbox_due(i64::MAX, 99).await.unwrap();
    due.sort_by(|a, b| a.id.cmp(&b.id));
    prop_assert_eq!(due, open);
    prop_assert_eq!(store.outbox_dead(99).await.unwrap().len(), dead);
    Ok(())
}
