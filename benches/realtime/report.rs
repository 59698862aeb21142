//! The table, the ratios, and the plot.

use std::fmt::{self, Display, Write as _};
use std::path::Path;

use crate::Dose;
use crate::contenders::Contender;

/// What was measured of one server in one round.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// CPU-seconds per million deliveries: all, and of the user.
    pub all: f64,
    pub user: f64,
    /// The same when many messages wait.
    pub burst: f64,
    pub burst_user: f64,
    /// CPU time of making one message, in milliseconds; it is taken off the above.
    pub making_ms: f64,
    /// Memory of an idle subscriber.
    pub idle_kib: f64,
    /// CPU time that it costs in a second, in microseconds; not a number where it was not watched.
    pub idle_us: f64,
    /// Memory after the bursts, as a share of what it was before.
    pub after: f64,
}

impl Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { all, user, burst, burst_user, making_ms, idle_kib, idle_us, after } = self;
        write!(
            f,
            "{all:5.1} / {user:4.1} s per million; bursts {burst:5.2} / {burst_user:4.2}; idle {idle_kib:5.1} KiB, \
             {idle_us:4.2} us/s; memory after bursts x {after:.2}; a message {making_ms:.2} ms"
        )
    }
}

fn median(rounds: &[Figures], of: impl Fn(&Figures) -> f64) -> f64 {
    let mut all: Vec<f64> = rounds.iter().map(of).filter(|figure| figure.is_finite()).collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Prints the table of the day with the ratios, and draws the plot.
pub fn tell(all: &[(Contender, Vec<Figures>)], dose: Dose) {
    let medians: Vec<(Contender, Figures)> = all
        .iter()
        .filter(|(_, rounds)| !rounds.is_empty())
        .map(|(contender, rounds)| {
            let of = |figure: fn(&Figures) -> f64| median(rounds, figure);
            let figures = Figures {
                all: of(|f| f.all),
                user: of(|f| f.user),
                burst: of(|f| f.burst),
                burst_user: of(|f| f.burst_user),
                making_ms: of(|f| f.making_ms),
                idle_kib: of(|f| f.idle_kib),
                idle_us: of(|f| f.idle_us),
                after: of(|f| f.after),
            };
            (*contender, figures)
        })
        .collect();
    println!(
        "\n| server | CPU-s per million deliveries, all / user | in bursts ({} waiting) | KiB per idle connection | idle CPU us/s | memory after bursts |",
        dose.burst
    );
    println!("|---|---|---|---|---|---|");
    for (contender, figures) in &medians {
        let Figures { all, user, burst, idle_kib, idle_us, after, .. } = figures;
        let name = contender.name();
        println!(
            "| {name} | {all:.1} / {user:.1} | {burst:.2} | {idle_kib:.1} | {idle_us:.2} | x {after:.2} |"
        );
    }
    println!("\n| what | measured | goal: at most |\n|---|---|---|");
    for (what, measured, goal) in goals(&medians) {
        let met = if measured <= goal { "" } else { " (missed)" };
        println!("| {what} | {measured:.2}{met} | {goal} |");
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench/realtime.svg");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, plot(&medians)).unwrap();
    println!("\nplot: target/bench/realtime.svg");
}

/// What our channels are held to, with what was measured; what could not be measured is left out.
fn goals(medians: &[(Contender, Figures)]) -> Vec<(String, f64, f64)> {
    let find = |contender| medians.iter().find(|(one, _)| *one == contender).map(|(_, figures)| *figures);
    let mut goals = Vec::new();
    let mut ratio = |what: &str, one: Option<f64>, other: Option<f64>, goal: f64| {
        if let (Some(one), Some(other)) = (one, other) {
            goals.push((what.to_owned(), one / other, goal));
        }
    };
    let cpu = |contender| find(contender).map(|f| f.all);
    let websocket = cpu(Contender::WebSocket);
    ratio("our WebSocket to the floor, CPU", websocket, cpu(Contender::Floor), 1.15);
    ratio("our SSE to our WebSocket, CPU", cpu(Contender::Sse), websocket, 1.2);
    ratio("our GraphQL to our WebSocket, CPU", cpu(Contender::GraphQl), websocket, 1.3);
    ratio("our Socket.IO to npm socket.io, CPU", cpu(Contender::SocketIo), cpu(Contender::NpmSocketIo), 0.6);
    let nchan = find(Contender::NchanWebSocket).map(|f| f.burst);
    for ours in Contender::ALL.into_iter().filter(|contender| contender.is_ours()) {
        let what = format!("{} to nchan, in bursts", ours.name());
        ratio(&what, find(ours).map(|f| f.burst), nchan, 0.25);
    }
    let kib = [
        (Contender::WebSocket, 5.0),
        (Contender::Sse, 8.0),
        (Contender::SocketIo, 14.0),
        (Contender::GraphQl, 10.0),
    ];
    let user = [(Contender::WebSocket, 1.0), (Contender::SocketIo, 2.5)];
    let all =
        user.map(|(ours, goal)| (ours, "user s per million", find(ours).map(|f| f.user), goal)).into_iter();
    let all = all.chain(kib.map(|(ours, goal)| (ours, "KiB idle", find(ours).map(|f| f.idle_kib), goal)));
    let each = kib.map(|(ours, _)| ours);
    let all = all.chain(each.map(|ours| (ours, "idle CPU us/s", find(ours).map(|f| f.idle_us), 2.2)));
    let all = all.chain(each.map(|ours| (ours, "memory after bursts, x", find(ours).map(|f| f.after), 1.2)));
    let all: Vec<_> = all
        .filter_map(|(ours, what, measured, goal)| {
            Some((format!("{}, {what}", ours.name()), measured?, goal))
        })
        .collect();
    goals.into_iter().chain(all).collect()
}

/// Three groups of bars: CPU one by one, CPU in bursts, memory.
fn plot(medians: &[(Contender, Figures)]) -> String {
    type Measure = (&'static str, fn(&Figures) -> f64);
    let measures: [Measure; 3] = [
        ("CPU-s per million deliveries", |f| f.all),
        ("the same in bursts", |f| f.burst),
        ("KiB per idle connection", |f| f.idle_kib),
    ];
    let (row, width, left) = (18, 320.0, 150);
    let height = measures.len() * (medians.len() * row + 40) + 10;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"560\" height=\"{height}\" font-family=\"sans-serif\" \
         font-size=\"12\"><rect width=\"560\" height=\"{height}\" fill=\"white\"/>"
    );
    let mut y = 24;
    for (title, of) in measures {
        let most = medians.iter().map(|(_, figures)| of(figures)).fold(0.0, f64::max);
        let _ = write!(svg, "<text x=\"10\" y=\"{y}\" font-weight=\"bold\">{title}</text>");
        y += row;
        for (contender, figures) in medians {
            let (name, value) = (contender.name(), of(figures));
            let long = if most > 0.0 { (value / most * width).max(0.0) } else { 0.0 };
            let colour = if contender.is_ours() { "#2a7" } else { "#99a" };
            let (top, text) = (y - 11, f64::from(left) + long + 4.0);
            let _ = write!(
                svg,
                "<text x=\"{}\" y=\"{y}\" text-anchor=\"end\">{name}</text><rect x=\"{left}\" y=\"{top}\" \
                 width=\"{long:.1}\" height=\"13\" fill=\"{colour}\"/><text x=\"{text:.1}\" y=\"{y}\">{value:.1}</text>",
                left - 6
            );
            y += row;
        }
        y += 40 - row;
    }
    svg + "</svg>\n"
}
