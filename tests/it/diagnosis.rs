use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use yunzhu::engine::{Inbound, NewConversation};
use yunzhu::guide::{Guide, Node, Step};
use yunzhu::id::TicketId;
use yunzhu::kb::diagnosis::{guide_of, read_guide};

use crate::transcripts::Stage;

/// As many as cover the common troubles.
const AT_LEAST: usize = 30;
/// Conversations at a time: enough that they share the writes to the disk.
const AT_ONCE: usize = 16;

/// A tree with its title.
struct Tree {
    title: String,
    guide: Guide,
}

/// One way through a tree: the places of the options that are taken.
struct Way {
    tree: Arc<Tree>,
    picks: Vec<usize>,
}

fn trees() -> Vec<Arc<Tree>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("kb/diagnosis");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let tree = |file: std::path::PathBuf| {
        let path = format!("diagnosis/{}", file.file_name().unwrap().to_string_lossy());
        let case =
            read_guide(&fs::read_to_string(file).unwrap(), &path).unwrap_or_else(|f| panic!("{path} {f:?}"));
        Arc::new(Tree { title: case.title.clone(), guide: guide_of(&case).unwrap() })
    };
    files.map(tree).collect()
}

fn ways(tree: &Arc<Tree>) -> Vec<Way> {
    let (mut ways, mut open) = (Vec::new(), vec![(tree.guide.start().to_owned(), Vec::new())]);
    while let Some((name, picks)) = open.pop() {
        let Some(step) = tree.guide.step(&name) else {
            ways.push(Way { tree: tree.clone(), picks });
            continue;
        };
        for (at, option) in step.options.iter().enumerate() {
            open.push((option.next.clone(), [picks.as_slice(), &[at]].concat()));
        }
    }
    ways
}

/// Walks one way, at every other step by number and else by the choice's id, and says what is wrong with it.
async fn walk(stage: &Stage, way: &Way, number: usize) -> Result<(), String> {
    let service = &stage.service;
    let id = service.open_conversation(NewConversation::default()).await.unwrap().conversation_id;
    let say = async |inbound| serde_json::to_value(service.turn(&id, inbound, None).await.unwrap()).unwrap();
    let mut turn: Value = say(Inbound::Text(way.tree.title.clone())).await;
    let mut seen = Vec::new();
    let mut name = way.tree.guide.start().to_owned();
    for (depth, pick) in way.picks.iter().enumerate() {
        let step: &Step = way.tree.guide.step(&name).ok_or("no step")?;
        let asked = turn["replies"].as_array().unwrap().last().cloned().unwrap_or_default();
        let text = asked["text"].as_str().unwrap_or_default();
        if asked["slot"] != "diagnosis" || turn["state"] != "clarifying" || !text.ends_with(step.ask.trim()) {
            return Err(format!("the step {name} is not asked: {turn}"));
        }
        let choices = asked["choices"].as_array().unwrap();
        if choices.len() != step.options.len() {
            return Err(format!("the step {name} has other choices: {turn}"));
        }
        let inbound = match (number + depth).is_multiple_of(2) {
            true => Inbound::Text((pick + 1).to_string()),
            false => Inbound::Choice(choices[*pick]["id"].as_str().unwrap().to_owned()),
        };
        turn = say(inbound).await;
        seen.push(format!("{}：{}", step.about, step.options[*pick].label));
        name = step.options[*pick].next.clone();
    }
    match way.tree.guide.node(&name).ok_or("no end")? {
        Node::Step(_) => Err(format!("{name} is no end")),
        Node::Remedy { cause, text, case } => {
            let answer = &turn["replies"][0];
            let said = answer["text"].as_str().unwrap_or_default();
            let whole = said.contains(cause) && said.contains(text.trim()) && answer["type"] == "answer";
            let more = case.is_none_or(|case| turn["replies"][1]["choices"][0]["case_id"] == case);
            (whole && more && turn["state"] == "answered")
                .then_some(())
                .ok_or_else(|| format!("{name} is not told: {turn}"))
        }
        Node::Handoff { suspected } => {
            let ticket = turn["handoff"]["ticket_id"].as_str().and_then(TicketId::parse);
            let ticket = ticket.ok_or_else(|| format!("{name} opens no ticket: {turn}"))?;
            let ticket = service.ticket(&stage.agent, &ticket).await.unwrap();
            let facts = &ticket["facts"];
            let found = facts["diagnosis"] == seen.join("；") && facts["suspected"] == suspected;
            (found && turn["handoff"]["reason"] == "user_request")
                .then_some(())
                .ok_or_else(|| format!("the ticket of {name} lacks {seen:?}: {ticket}"))
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_path_of_every_tree_ends_well() {
    let trees = trees();
    assert!(trees.len() >= AT_LEAST, "only {} trees", trees.len());
    let ways: Arc<Vec<Way>> = Arc::new(trees.iter().flat_map(ways).collect());
    let stage = Arc::new(Stage::set().await);
    let walkers = (0..AT_ONCE).map(|first| {
        let (ways, stage) = (ways.clone(), stage.clone());
        tokio::spawn(async move {
            let mut wrong = Vec::new();
            for (number, way) in ways.iter().enumerate().skip(first).step_by(AT_ONCE) {
                if let Err(error) = walk(&stage, way, number).await {
                    let error: String = error.chars().take(600).collect();
                    wrong.push(format!("{} {:?}: {error}", way.tree.title, way.picks));
                }
            }
            wrong
        })
    });
    let mut wrong = Vec::new();
    for walker in walkers.collect::<Vec<_>>() {
        wrong.extend(walker.await.unwrap());
    }
    assert!(
        wrong.is_empty(),
        "{} of {} go wrong:\n{}",
        wrong.len(),
        ways.len(),
        wrong[..wrong.len().min(10)].join("\n")
    );
}
