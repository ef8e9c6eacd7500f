//! Who waits for whom as a picture: a box for each thread that has to do with it, an arrow from each waiter to who could
//! end its wait.

use std::collections::BTreeMap;
use std::fmt::Write;

use layout::backends::svg::SVGWriter;
use layout::core::base::Orientation;
use layout::core::color::Color;
use layout::core::geometry::Point;
use layout::core::style::StyleAttr;
use layout::std_shapes::shapes::{Arrow, Element, ShapeKind};
use layout::topo::layout::VisualGraph;
use nix::unistd::Pid;

use super::words;
use crate::hang::Findings;
use crate::hang::graph::Node;
use crate::hang::verdict::Nature;
use crate::hang::wait::{How, Who};
use crate::message::span;

/// A box.
struct Shape {
    lines: Vec<String>,
    nature: Nature,
}

/// An arrow: from whom to whom, why, and whether that is certain.
struct Edge {
    from: String,
    to: String,
    label: String,
    certain: bool,
}

/// What is drawn.
struct Drawing {
    shapes: BTreeMap<String, Shape>,
    edges: Vec<Edge>,
}

/// For Graphviz.
pub fn dot(findings: &Findings) -> String {
    let drawing = Drawing::of(findings);
    let mut out =
        "digraph hang {\n  rankdir=LR;\n  node [shape=box, style=filled, fontname=\"monospace\"];\n".to_string();
    for (id, shape) in &drawing.shapes {
        let label = shape.lines.iter().map(|line| quoted(line)).collect::<Vec<_>>().join("\\l");
        let _ = writeln!(out, "  \"{id}\" [label=\"{label}\\l\", fillcolor=\"{}\"];", colour(shape.nature));
    }
    for Edge { from, to, label, certain } in &drawing.edges {
        let style = if *certain { "solid" } else { "dashed" };
        let _ = writeln!(out, "  \"{from}\" -> \"{to}\" [label=\"{}\", style={style}];", quoted(label));
    }
    out + "}\n"
}

/// As SVG, laid out without the help of another program.
pub fn svg(findings: &Findings) -> String {
    let drawing = Drawing::of(findings);
    let mut graph = VisualGraph::new(Orientation::LeftToRight);
    let handles: BTreeMap<&String, _> = drawing
        .shapes
        .iter()
        .map(|(id, shape)| {
            let longest = shape.lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
            let size = Point::new(24.0 + longest as f64 * 9.0, 16.0 + shape.lines.len() as f64 * 20.0);
            let look = StyleAttr::new(Color::fast("black"), 2, Color::from_name(colour(shape.nature)), 4, 15);
            let kind = ShapeKind::new_box(&shape.lines.join("\n"));
            (id, graph.add_node(Element::create(kind, look, Orientation::LeftToRight, size)))
        })
        .collect();
    for Edge { from, to, label, certain } in &drawing.edges {
        let (Some(from), Some(to)) = (handles.get(from), handles.get(to)) else { continue };
        let mut arrow = Arrow::simple(label);
        if !certain {
            arrow.line_style = layout::core::style::LineStyleKind::Dashed;
        }
        graph.add_edge(arrow, *from, *to);
    }
    let mut writer = SVGWriter::new();
    graph.do_it(false, false, false, &mut writer);
    writer.finalize()
}

impl Drawing {
    fn of(findings: &Findings) -> Drawing {
        let mut drawing = Drawing { shapes: BTreeMap::new(), edges: Vec::new() };
        let nodes = &findings.graph.nodes;
        let drawn = |tid: &Pid| findings.verdict.nature(*tid) != Nature::Idle;
        for node in nodes.values().filter(|node| drawn(&node.thread.tid)) {
            drawing.thread(findings, node);
            let Some(wait) = &node.wait else { continue };
            for ender in &wait.enders {
                let certain = matches!(ender.how, How::Recorded | How::Holds);
                let label = format!("{} {}", wait.kind.name(), wait.object).trim().to_string();
                let from = node.thread.tid.to_string();
                let mut edge =
                    |to: String| drawing.edges.push(Edge { from: from.clone(), to, label: label.clone(), certain });
                match &ender.who {
                    // What anybody of many could do is no arrow to each of them.
                    _ if ender.how == How::Shares && wait.enders.len() > 1 => {}
                    Who::Thread(id) | Who::Process(id) => {
                        edge(id.to_string());
                        if let Some(other) = nodes.get(id) {
                            drawing.thread(findings, other);
                        }
                    }
                    Who::Gone { words, .. } | Who::Remote(words) => {
                        edge(words.clone());
                        let lines = vec![words.clone()];
                        drawing.shapes.entry(words.clone()).or_insert(Shape { lines, nature: Nature::Unseen });
                    }
                }
            }
        }
        drawing.edges.retain(|edge| drawing.shapes.contains_key(&edge.to));
        drawing
    }

    fn thread(&mut self, findings: &Findings, node: &Node) {
        let tid = node.thread.tid;
        let nature = findings.verdict.nature(tid);
        let since = node.still_for.map(|time| format!(", {}", span(time))).unwrap_or_default();
        let mut lines = vec![words::cut(&words::who(findings, tid), 40), format!("{}{since}", nature.name())];
        lines.extend(node.call.as_ref().map(|call| call.name().to_string()).filter(|name| !name.is_empty()));
        self.shapes.entry(tid.to_string()).or_insert(Shape { lines, nature });
    }
}

fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

fn colour(nature: Nature) -> &'static str {
    match nature {
        Nature::Deadlocked | Nature::Orphaned => "salmon",
        Nature::Behind | Nature::Blocked | Nature::Waiting => "khaki",
        Nature::Stopped | Nature::Zombie => "lightgray",
        Nature::Spinning | Nature::Running | Nature::Ticking => "lightgreen",
        Nature::Sleeping | Nature::Idle => "lightblue",
        Nature::Unseen => "white",
    }
}
