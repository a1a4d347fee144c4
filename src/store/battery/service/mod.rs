//! What every store must do for the service, and the rows that the tests are made of.

use crate::id::{ConversationId, TicketId, UserId};
use crate::store::service::{
    AuditEntry, ConversationRow, IncidentRow, MessageRow, OutboxRow, Save, TicketRow, TurnRow, UnansweredRow,
};

pub mod model;
pub mod people;
pub mod reach;
pub mod talk;
pub mod work;

pub fn cid(id: &str) -> ConversationId {
    ConversationId::parse(id).unwrap()
}

pub fn uid(id: &str) -> UserId {
    UserId::parse(id).unwrap()
}

pub fn tid(id: &str) -> TicketId {
    TicketId::parse(id).unwrap()
}

pub fn conversation(id: &str) -> ConversationRow {
    ConversationRow {
        id: cid(id),
        user_id: None,
        channel: "widget".to_owned(),
        state: "idle".to_owned(),
        token_hash: vec![0, 1, 0xfe, 0xff],
        created_at: 1_000,
        updated_at: 1_000,
        wake_at: None,
        body: format!("{{\"会话\": \"{id}\"}}"),
    }
}

pub fn of_user(id: &str, user: &str) -> ConversationRow {
    ConversationRow { user_id: Some(uid(user)), ..conversation(id) }
}

pub fn turn(number: u32) -> TurnRow {
    TurnRow {
        number,
        client_message_id: Some(format!("m{number}")),
        response: format!("{{\"turn\": {number}}}"),
        event: format!("{{\"说\": {number}}}"),
        at: 1_000 + i64::from(number),
    }
}

pub fn line(seq: u64) -> MessageRow {
    let sealed = seq.is_multiple_of(2).then(|| seq.to_be_bytes().to_vec());
    MessageRow { seq, body: format!("{{\"text\": \"第{seq}行\"}}"), sealed, at: 2_000 + seq as i64 }
}

/// A save of this conversation with this turn and its two lines.
pub fn said(conversation: ConversationRow, number: u32) -> Save {
    let seq = u64::from(number) * 2;
    Save {
        conversation: Some(conversation),
        turn: Some(turn(number)),
        messages: vec![line(seq - 1), line(seq)],
        ..Save::default()
    }
}

pub fn opened(id: &str) -> TicketRow {
    TicketRow {
        id: tid(id),
        conversation_id: None,
        user_id: None,
        status: "open".to_owned(),
        priority: "P2".to_owned(),
        queue: "ecs".to_owned(),
        agent: None,
        created_at: 1_000,
        updated_at: 1_000,
        wake_at: None,
        body: format!("{{\"工单\": \"{id}\"}}"),
    }
}

pub fn tickets(rows: Vec<TicketRow>) -> Save {
    Save { tickets: rows, ..Save::default() }
}

pub fn leaving(id: &str, due_at: i64) -> OutboxRow {
    OutboxRow {
        id: id.to_owned(),
        sink: "webhook".to_owned(),
        conversation_id: None,
        body: format!("{{\"发\": \"{id}\"}}"),
        created_at: 1_000,
        due_at,
        attempts: 0,
        error: None,
    }
}

pub fn leave(rows: Vec<OutboxRow>) -> Save {
    Save { outbox: rows, ..Save::default() }
}

pub fn asked_in_vain(conversation: &str, turn: u32) -> UnansweredRow {
    UnansweredRow {
        conversation_id: cid(conversation),
        turn,
        question: format!("{conversation} 的第 {turn} 问"),
        reason: "miss".to_owned(),
        case_id: turn.is_multiple_of(2).then(|| "ecs-1".to_owned()),
        at: 3_000 + i64::from(turn),
    }
}

pub fn incident(id: &str, status: &str, wake_at: Option<i64>) -> IncidentRow {
    let fingerprint = "ecs/cn-hangzhou".to_owned();
    let body = "{\"级\": 1}".to_owned();
    IncidentRow {
        id: id.to_owned(),
        status: status.to_owned(),
        fingerprint,
        created_at: 1_000,
        wake_at,
        body,
    }
}

pub fn entry(action: &str, subject: &str) -> AuditEntry {
    AuditEntry {
        at: 4_000,
        actor: "小王".to_owned(),
        action: action.to_owned(),
        subject: subject.to_owned(),
        details: "{\"因\": \"请求\"}".to_owned(),
    }
}
