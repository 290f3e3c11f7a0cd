//! A load as a picture: what was offered and committed in each second, and the latency by percentile.

use std::fmt::Write;

use crate::client::load::{Latencies, LoadTally, Second};

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 70.0;
const TOP: f64 = 40.0;
/// Size of the whole picture.
const FULL_WIDTH: f64 = WIDTH + LEFT + 30.0;
const FULL_HEIGHT: f64 = 2.0 * (HEIGHT + 2.0 * TOP) + 20.0;
/// Parts of all for which the latency is drawn, with their names.
const PARTS: [(f64, &str); 8] = [
    (0.0, "0"),
    (0.25, "25"),
    (0.5, "50"),
    (0.75, "75"),
    (0.9, "90"),
    (0.95, "95"),
    (0.99, "99"),
    (1.0, "100"),
];

/// The picture, as SVG.
pub fn svg(counted: &LoadTally) -> String {
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {FULL_WIDTH} {FULL_HEIGHT}\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    let of = |value: fn(&Second) -> u64| -> Vec<f64> {
        counted
            .seconds
            .iter()
            .map(|one| value(one) as f64)
            .collect()
    };
    let lines = [
        ("offered", "#999999", of(|one| one.offered)),
        ("committed", "#1a7f37", of(|one| one.committed)),
        ("failed", "#cf222e", of(|one| one.failed)),
    ];
    let last = counted.seconds.len().saturating_sub(1);
    let ends = [(0.0, "0".to_owned()), (1.0, last.to_string())];
    panel(
        &mut text,
        TOP,
        "transactions in each second of the load",
        &ends,
        &lines,
    );
    let (ends, latencies) = percentiles(&counted.latencies);
    let lines = [("milliseconds", "#0969da", latencies)];
    let title = "latency, from when one was due until it was seen in a block, by percentile";
    panel(&mut text, TOP * 3.0 + HEIGHT, title, &ends, &lines);
    text.push_str("</svg>\n");
    text
}

/// Names along the axis, each as far as it stands, and the latencies there.
fn percentiles(latencies: &Latencies) -> (Vec<(f64, String)>, Vec<f64>) {
    let steps = (PARTS.len() - 1) as f64;
    let names = PARTS.iter().enumerate();
    let names = names.map(|(place, (_, name))| (place as f64 / steps, (*name).to_owned()));
    let values = PARTS.iter().filter_map(|(part, _)| latencies.at_ms(*part));
    (names.collect(), values.collect())
}

/// Lines of values over the same axis, each with its name and its colour.
fn panel(
    text: &mut String,
    top: f64,
    title: &str,
    along: &[(f64, String)],
    lines: &[(&str, &str, Vec<f64>)],
) {
    let values = lines.iter().flat_map(|(_, _, values)| values);
    let most = values.copied().fold(1.0, f64::max);
    let bottom = top + HEIGHT;
    let mut put = |x: f64, y: f64, anchor: &str, colour: &str, said: &str| {
        let _ = writeln!(
            text,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{colour}\">{said}</text>"
        );
    };
    put(LEFT, top - 12.0, "start", "black", title);
    for (part, label) in [(0.0, 0.0), (0.5, most / 2.0), (1.0, most)] {
        let y = bottom - part * HEIGHT;
        put(LEFT - 8.0, y + 4.0, "end", "black", &format!("{label:.0}"));
    }
    for (part, name) in along {
        put(LEFT + part * WIDTH, bottom + 18.0, "middle", "black", name);
    }
    for (place, (name, colour, _)) in lines.iter().enumerate() {
        let x = LEFT + WIDTH - 100.0 * place as f64;
        put(x, top - 12.0, "end", colour, name);
    }
    let _ = writeln!(
        text,
        "<path d=\"M{LEFT} {top} V{bottom} H{:.1}\" fill=\"none\" stroke=\"black\"/>",
        LEFT + WIDTH
    );
    for (_, colour, values) in lines {
        let steps = values.len().saturating_sub(1).max(1) as f64;
        let points = values.iter().enumerate().map(|(place, value)| {
            let (x, y) = (place as f64 / steps, value / most);
            format!("{:.1},{:.1}", LEFT + x * WIDTH, bottom - y * HEIGHT)
        });
        let points: Vec<_> = points.collect();
        let _ = writeln!(
            text,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            points.join(" ")
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::load::fixture::counted;

    #[test]
    fn the_picture_holds_every_second_and_every_percentile() {
        let picture = svg(&counted());
        assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"));
        let lines: Vec<_> = picture
            .lines()
            .filter(|line| line.contains("<polyline"))
            .collect();
        assert_eq!(lines.len(), 4, "{picture}");
        let points = |line: &str| {
            line.split("points=\"").nth(1).map(|rest| {
                let (points, _) = rest.split_once('"').expect("an end");
                points.split_whitespace().count()
            })
        };
        let counts: Vec<_> = lines.iter().map(|line| points(line)).collect();
        assert_eq!(counts, [Some(2), Some(2), Some(2), Some(PARTS.len())]);
        // The highest value of a panel touches its top, and nothing lies outside of it.
        assert!(lines[0].contains(&format!(",{TOP:.1}")), "{}", lines[0]);
        assert!(
            !picture.contains("NaN") && !picture.contains("inf"),
            "{picture}"
        );
    }
}
