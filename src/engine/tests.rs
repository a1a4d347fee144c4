//! The service over a small knowledge base, a real store and a clock that the test turns.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tempfile::TempDir;

use super::*;
use crate::app::{App, Folders};
use crate::dialogue::conversation::Conversation;
use crate::dialogue::machine::step;
use crate::dialogue::understanding::outage::Outages;
use crate::id::{AgentName, ConversationId, TicketId, UserId};
use crate::message::{Author, HandoffReason, Message, Page, Person, Reply, State, Turn};
use crate::store::service::{AccountRow, ServiceStore, TicketFilter};

const TOPIC: &str = "\
# 磁盘

## 磁盘满了怎么清理

先用 `df -h` 看哪个分区满了，再用 `du -sh /var/log/*` 找到大文件，清理日志后重启服务。

## 磁盘变成只读怎么恢复

执行 `dmesg` 看错误，用 `fsck` 修复文件系统后重新挂载。

## 数据盘怎么扩容

在控制台扩容后，执行 `growpart` 和 `resize2fs` 扩展分区。

## 域名怎么备案

在备案系统提交主体和网站信息，等待管局审核。

## 证书过期了怎么续费

在证书控制台续费，下载新证书并替换，重启网关。
";
const MINUTE: i64 = 60_000;

struct World {
    service: Service,
    now: Arc<AtomicI64>,
    folder: TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("kb/servers")).unwrap();
        std::fs::write(folder.path().join("kb/servers/disk.md"), TOPIC).unwrap();
        // A Tuesday, 11 o'clock in China.
        let now = Arc::new(AtomicI64::new(1_795_489_200_000));
        let service = start(folder.path(), &now).await;
        Self { service, now, folder }
    }

    /// As after the process was killed and started again.
    async fn restarted(self) -> Self {
        let Self { service, now, folder } = self;
        drop(service);
        let service = start(folder.path(), &now).await;
        Self { service, now, folder }
    }

    fn later(&self, ms: i64) {
        self.now.fetch_add(ms, Ordering::Relaxed);
    }

    async fn open(&self) -> ConversationId {
        self.open_as(Person::default()).await
    }

    async fn open_as(&self, user: Person) -> ConversationId {
        let new = NewConversation { user, context: Page::default(), ..NewConversation::default() };
        self.service.open_conversation(new).await.unwrap().conversation_id
    }

    async fn say(&self, id: &ConversationId, text: &str) -> Turn {
        self.service.turn(id, Inbound::Text(text.to_owned()), None).await.unwrap()
    }

    async fn agent(&self, name: &str) -> Account {
        let account = AccountRow {
            name: name.to_owned(),
            role: "agent".to_owned(),
            password_hash: crate::privacy::password::hash("a long enough word").unwrap(),
            disabled: false,
            created_at: 0,
            body: "{}".to_owned(),
        };
        self.service.inner.store.put_account(&account).await.unwrap();
        let name = AgentName::parse(name).unwrap();
        self.service.heartbeat(&name, true).await.unwrap();
        Account { name, role: Role::Agent }
    }

    async fn handed_over(&self) -> (ConversationId, TicketId) {
        let id = self.open().await;
        let turn = self.say(&id, "转人工").await;
        (id, turn.handoff.unwrap().ticket_id)
    }

    async fn transcript(&self, id: &ConversationId) -> Vec<Message> {
        self.service.messages(id, 0, 500).await.unwrap()
    }
}

async fn start(folder: &Path, now: &Arc<AtomicI64>) -> Service {
    let at = |name: &str| folder.join(name);
    let app = App::new(Folders { kb: at("kb"), index: at("index"), data: at("data") });
    let engine = app.engine(&mut |_| {}).await.unwrap();
    let now = now.clone();
    let parts = Parts {
        store: SqliteStore::open(&at("data")).await.unwrap(),
        engine,
        policy: Policy::shipped().unwrap(),
        vault: Vault::from_key([7; 32]),
        attachments: at("data/attachments"),
        idle_ms: 30 * MINUTE,
        alerts: vec!["webhook".to_owned()],
        sinks: Default::default(),
        public_url: None,
        clock: Arc::new(move || now.load(Ordering::Relaxed)),
    };
    Service::start(parts).await.unwrap()
}

fn has_answer(turn: &Turn) -> bool {
    turn.replies.iter().any(|reply| matches!(reply, Reply::Answer { .. }))
}

#[tokio::test]
async fn a_question_is_answered_and_three_refusals_reach_a_human_with_all_that_is_known() {
    let world = World::new().await;
    let id = world.open().await;
    let turn = world.say(&id, "磁盘满了怎么清理").await;
    assert!(has_answer(&turn), "{turn:?}");
    for text in ["没用", "还是没用", "没用啊，没解决"] {
        world.say(&id, text).await;
    }
    let view = world.service.conversation(&id).await.unwrap();
    assert_eq!((view.state, view.failed_rounds), (State::Queued, 3));
    assert_eq!(view.handoff.as_ref().map(|handoff| handoff.reason), Some(HandoffReason::FailedRounds));
    let agent = world.agent("li").await;
    let ticket = world.service.ticket(&agent, &view.handoff.unwrap().ticket_id).await.unwrap();
    assert_eq!(ticket["need"], "磁盘满了怎么清理");
    assert_eq!(ticket["cases"][0]["verdict"], "refused");
    assert!(ticket["transcript"].as_array().unwrap().len() >= 8);
}

#[tokio::test]
async fn the_bot_is_silent_while_an_agent_talks_and_speaks_again_after() {
    let world = World::new().await;
    let (id, ticket) = world.handed_over().await;
    let agent = world.agent("li").await;
    let act = |action| world.service.act(&agent, &ticket, action);
    act(AgentAction::Take).await.unwrap();
    let turn = world.say(&id, "磁盘满了怎么清理").await;
    assert_eq!((turn.state, turn.replies.len()), (State::WithAgent, 0));
    act(AgentAction::Say { text: "我来看".into() }).await.unwrap();
    let last = world.transcript(&id).await.pop().unwrap();
    assert_eq!((last.author, last.agent.as_deref()), (Author::Agent, Some("li")));
    act(AgentAction::ReturnToBot).await.unwrap();
    let turn = world.say(&id, "磁盘满了怎么清理").await;
    assert!(has_answer(&turn) && turn.handoff.is_none(), "{turn:?}");
    let again = world.say(&id, "转人工").await;
    assert_eq!(again.state, State::Queued, "it works more than once");
}

#[tokio::test]
async fn somebody_elses_ticket_cannot_be_answered() {
    let world = World::new().await;
    let (_, ticket) = world.handed_over().await;
    let (li, wang) = (world.agent("li").await, world.agent("wang").await);
    world.service.act(&li, &ticket, AgentAction::Take).await.unwrap();
    let said = world.service.act(&wang, &ticket, AgentAction::Say { text: "x".into() }).await;
    assert!(matches!(said, Err(EngineError::Forbidden(_))));
    assert!(matches!(
        world.service.act(&wang, &ticket, AgentAction::Take).await,
        Err(EngineError::Conflict(_))
    ));
}

#[tokio::test]
async fn the_same_message_twice_is_answered_once_also_after_a_restart() {
    let world = World::new().await;
    let id = world.open().await;
    let say = || Inbound::Text("磁盘满了怎么清理".to_owned());
    let first = world.service.turn(&id, say(), Some("m1".into())).await.unwrap();
    let second = world.service.turn(&id, say(), Some("m1".into())).await.unwrap();
    assert_eq!(first, second);
    let world = world.restarted().await;
    let third = world.service.turn(&id, say(), Some("m1".into())).await.unwrap();
    assert_eq!(first, third);
    assert_eq!(world.service.conversation(&id).await.unwrap().turn, 1);
    assert_eq!(world.say(&id, "没用").await.failed_rounds, 1);
}

#[tokio::test]
async fn a_restart_keeps_the_queue_and_the_bot_goes_on_where_it_was() {
    let world = World::new().await;
    let (queued, ticket) = world.handed_over().await;
    let other = world.open().await;
    world.say(&other, "磁盘满了怎么清理").await;
    world.say(&other, "没用").await;
    let world = world.restarted().await;
    let view = world.service.conversation(&queued).await.unwrap();
    assert_eq!((view.state, view.handoff.unwrap().ticket_id), (State::Queued, ticket.clone()));
    assert_eq!(world.say(&other, "还是没用").await.failed_rounds, 2);
    let agent = world.agent("li").await;
    world.service.act(&agent, &ticket, AgentAction::Take).await.unwrap();
    let (_, next) = world.handed_over().await;
    assert!(next > ticket, "numbers go on: {next} after {ticket}");
}

#[tokio::test]
async fn messages_of_one_conversation_come_one_at_a_time() {
    let world = World::new().await;
    let id = world.open().await;
    let say = |n: usize| {
        let (service, id) = (world.service.clone(), id.clone());
        tokio::spawn(async move {
            service.turn(&id, Inbound::Text(format!("你好 {n}")), None).await.unwrap().turn
        })
    };
    let mut turns = Vec::new();
    for task in (0..20).map(say).collect::<Vec<_>>() {
        turns.push(task.await.unwrap());
    }
    turns.sort_unstable();
    assert_eq!(turns, (1..=20).collect::<Vec<u32>>());
    let seqs: Vec<u64> = world.transcript(&id).await.iter().map(|line| line.seq).collect();
    assert!(seqs.windows(2).all(|pair| pair[1] == pair[0] + 1), "{seqs:?}");
}

#[tokio::test]
async fn an_idle_conversation_is_closed_and_a_late_word_begins_afresh() {
    let world = World::new().await;
    let id = world.open().await;
    world.say(&id, "磁盘满了怎么清理").await;
    world.say(&id, "没用").await;
    world.later(31 * MINUTE);
    world.service.sweep().await.unwrap();
    assert_eq!(world.service.conversation(&id).await.unwrap().state, State::Closed);
    let turn = world.say(&id, "域名怎么备案").await;
    assert_eq!((has_answer(&turn), turn.failed_rounds), (true, 0));
}

#[tokio::test]
async fn the_work_of_an_agent_who_is_gone_waits_again() {
    let world = World::new().await;
    let (id, ticket) = world.handed_over().await;
    let li = world.agent("li").await;
    world.service.act(&li, &ticket, AgentAction::Take).await.unwrap();
    world.later(31_000);
    world.service.sweep().await.unwrap();
    assert_eq!(world.service.conversation(&id).await.unwrap().state, State::Queued);
    world.agent("wang").await;
    world.service.sweep().await.unwrap();
    let ticket = world.service.ticket(&li, &ticket).await.unwrap();
    assert_eq!((&ticket["agent"], &ticket["status"]), (&"wang".into(), &"assigned".into()));
}

#[tokio::test]
async fn what_is_private_is_masked_sealed_and_shown_to_the_agent_only() {
    let world = World::new().await;
    let (id, ticket) = world.handed_over().await;
    world.say(&id, "我的手机 13800138000").await;
    let line = world
        .transcript(&id)
        .await
        .into_iter()
        .find(|line| line.author == Author::User && line.turn == 2)
        .unwrap();
    let Reply::Text { text } = &line.body else { panic!() };
    assert!(!text.contains("13800138000"), "{text}");
    let li = world.agent("li").await;
    assert!(matches!(
        world.service.original(&li, &id, line.seq, "客户请我回电").await,
        Err(EngineError::Forbidden(_))
    ));
    world.service.act(&li, &ticket, AgentAction::Take).await.unwrap();
    assert_eq!(
        world.service.original(&li, &id, line.seq, "客户请我回电").await.unwrap(),
        "我的手机 13800138000"
    );
    let audit = world.service.inner.store.audit(0, 100).await.unwrap();
    assert!(audit.iter().any(|row| row.entry.action == "original.shown" && row.entry.actor == "li"));
    let raw = std::fs::read(world.folder.path().join("data/yunzhu.db-wal")).unwrap_or_default();
    assert!(!raw.windows(11).any(|window| window == b"13800138000"));
}

#[tokio::test]
async fn a_person_is_erased_at_their_own_wish_after_confirming() {
    let world = World::new().await;
    let id = world.open().await;
    let asked = world.service.turn(&id, Inbound::Text("删掉我的聊天记录".into()), None).await.unwrap();
    assert!(matches!(&asked.replies[..], [Reply::Notice { .. }]), "{asked:?}");
    let done = world.say(&id, "确认删除").await;
    assert_eq!(done.state, State::Closed);
    assert!(matches!(world.service.conversation(&id).await, Err(EngineError::NotFound { .. })));
}

#[tokio::test]
async fn an_operator_erases_a_person_everywhere_with_a_receipt() {
    let world = World::new().await;
    let user = UserId::parse("u1").unwrap();
    let id = world.open_as(Person { id: Some(user.clone()), ..Person::default() }).await;
    let ticket = world.say(&id, "转人工").await.handoff.unwrap().ticket_id;
    let boss = Account { name: AgentName::parse("boss").unwrap(), role: Role::Operator };
    let receipt = world.service.erase_user(&boss, &user).await.unwrap();
    assert_eq!((&receipt["conversations"], &receipt["tickets"]), (&1.into(), &1.into()));
    assert!(world.service.inner.desk.ticket(&ticket).is_none());
    assert!(world.service.inner.store.tickets(&TicketFilter::default()).await.unwrap().is_empty());
    assert!(matches!(world.service.conversation(&id).await, Err(EngineError::NotFound { .. })));
}

#[tokio::test]
async fn the_events_that_were_saved_play_the_same_conversation_again() {
    let world = World::new().await;
    let id = world.open().await;
    for text in ["磁盘满了怎么清理", "没用", "2", "转人工"] {
        world.say(&id, text).await;
    }
    let live = world.service.enter(&id).await.unwrap().1.conversation;
    let mut again = Conversation::begin(live.channel, live.person.clone(), live.page.clone(), 0);
    for event in world.service.events(&id).await.unwrap() {
        step(&mut again, &event, live.last_at);
    }
    assert_eq!(again, live);
}

#[tokio::test]
async fn an_outage_alerts_once_and_climbs_until_it_is_acknowledged() {
    let world = World::new().await;
    let id = world.open().await;
    let turn = world.say(&id, "线上全挂了！！所有用户都打不开").await;
    assert_eq!(turn.handoff.as_ref().map(|handoff| handoff.reason), Some(HandoffReason::Urgent), "{turn:?}");
    let waiting = |world: &World| world.service.inner.store.clone();
    let due = waiting(&world).outbox_due(i64::MAX, 100).await.unwrap();
    assert_eq!(due.iter().filter(|row| row.body.contains("\"alert\"")).count(), 1);
    world.later(6 * MINUTE);
    world.service.sweep().await.unwrap();
    let boss = Account { name: AgentName::parse("boss").unwrap(), role: Role::Operator };
    let incidents = world.service.incidents(&boss).await.unwrap();
    assert_eq!(incidents.len(), 1);
    world.service.acknowledge(&boss, incidents[0]["id"].as_str().unwrap()).await.unwrap();
    let before = waiting(&world).outbox_due(i64::MAX, 100).await.unwrap();
    assert_eq!(before.iter().filter(|row| row.body.contains("\"alert\"")).count(), 2);
    world.later(60 * MINUTE);
    world.service.sweep().await.unwrap();
    let after = waiting(&world).outbox_due(i64::MAX, 100).await.unwrap();
    // Its targets were missed meanwhile, which is told as an incident of its own.
    let outage = incidents[0]["id"].as_str().unwrap();
    let alerts = after.iter().filter(|row| row.body.contains("\"kind\":\"alert\""));
    assert_eq!(alerts.filter(|row| row.body.contains(outage)).count(), 2);
}

#[tokio::test]
async fn what_cannot_be_used_is_refused_and_changes_nothing() {
    let world = World::new().await;
    let id = world.open().await;
    for text in ["", "  \n ", "\u{0}\u{1}"] {
        let refused = world.service.turn(&id, Inbound::Text(text.into()), None).await;
        assert!(matches!(refused, Err(EngineError::Unusable { field: "text", .. })), "{text:?}");
    }
    let long = "长".repeat(20_000);
    assert!(world.service.turn(&id, Inbound::Text(long), None).await.is_err());
    let verdict = Inbound::Feedback { turn: 9, helpful: false, comment: None };
    assert!(matches!(
        world.service.turn(&id, verdict, None).await,
        Err(EngineError::Unusable { field: "turn", .. })
    ));
    let stars = Inbound::Rating { response: Some(6), resolution: None, communication: None };
    assert!(matches!(world.service.turn(&id, stars, None).await, Err(EngineError::Unusable { .. })));
    assert_eq!(world.service.conversation(&id).await.unwrap().turn, 0);
    let nobody = ConversationId::parse("nobody").unwrap();
    assert!(matches!(world.service.conversation(&nobody).await, Err(EngineError::NotFound { .. })));
}

#[tokio::test]
async fn the_words_of_outages_are_replaced_while_it_runs() {
    let world = World::new().await;
    let (outages, _) = Outages::parse("龙卷风来了\n! 如果\n");
    world.service.use_understander(Understander::with_outages(outages).unwrap());
    let id = world.open().await;
    world.say(&id, "如果龙卷风来了呢").await;
    let asked = world.service.conversation(&id).await.unwrap();
    assert!(asked.handoff.is_none(), "{asked:?}");
    world.say(&id, "龙卷风来了").await;
    let view = world.service.conversation(&id).await.unwrap();
    assert_eq!(view.handoff.map(|handoff| handoff.reason), Some(HandoffReason::Urgent));
}
