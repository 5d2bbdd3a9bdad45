//! Whether what was read is text: the texture of a photograph reads as marks of no confidence.

use super::reading::ReadLine;

/// What a line must be to count as text.
struct Demands {
    /// From this mean confidence of its characters on it is text if letters and digits outweigh marks.
    sure: f32,
    /// Above this one it is text if it says so many letters and digits, and little else.
    least: f32,
    letters: usize,
}

/// The share of letters and digits among its characters of a line that is not sure.
const LETTERS: f32 = 0.75;

/// A picture of no more lines is likely of text.
const FEW_LINES: usize = 3;

/// In a picture of few lines.
const LENIENT: Demands = Demands {
    sure: 0.6,
    least: 0.42,
    letters: 3,
};

/// In a picture of many, as textures give. Text in letters that the reader does not know, Greek or
/// Cyrillic, is read as Latin letters of some 0.7 to 0.9.
const STRICT: Demands = Demands {
    sure: 0.8,
    least: 0.56,
    letters: 6,
};

/// Of a line that ends at the picture's upper or lower edge, which may have cut it.
const AT_EDGE: Demands = Demands {
    sure: 0.85,
    least: 1.0,
    letters: 1,
};

impl Demands {
    fn are_met_by(&self, line: &ReadLine) -> bool {
        let characters = || line.words.iter().flat_map(|word| word.text.chars());
        let all = characters().count();
        let letters = characters().filter(|one| one.is_alphanumeric()).count();
        let confidence = line.confidence();
        let says_words = letters >= self.letters && letters as f32 >= LETTERS * all as f32;
        2 * letters > all && (confidence >= self.sure || confidence >= self.least && says_words)
    }
}

/// Leaves out what is no text in a picture of so many rows, and what its edge cut through.
pub(super) fn retain_text(lines: &mut Vec<ReadLine>, rows: usize) {
    let demands = match lines.len() <= FEW_LINES {
        true => LENIENT,
        false => STRICT,
    };
    lines.retain(|line| {
        let at_edge = is_at_edge(line, rows as f32);
        demands.are_met_by(line) && (!at_edge || AT_EDGE.are_met_by(line))
    });
}

/// Whether a line's letters reach to the upper edge of a picture, or stand on the lower one.
fn is_at_edge(line: &ReadLine, rows: f32) -> bool {
    let [_, top, _, _] = line.line.bounds();
    let fall = line.line.slope * line.line.width;
    top < 1.0 || line.line.baseline + fall.max(0.0) > rows - 1.0
}

#[cfg(test)]
mod tests {
    use letra_type::TextLine;

    use super::*;
    use crate::reader::ReadWord;

    fn line(text: &str, confidence: f32) -> ReadLine {
        let place = TextLine {
            left: 0.0,
            baseline: 20.0,
            width: 100.0,
            slope: 0.0,
            lean: 0.0,
            letter_height: 15.0,
            x_height: 10.0,
            light_on_dark: false,
            letters: text.len(),
        };
        let words = text.split_whitespace().map(|text| ReadWord {
            text: text.into(),
            bounds: [0.0; 4],
            confidence,
            columns: 0..1,
        });
        ReadLine {
            line: place,
            words: words.collect(),
        }
    }

    fn kept(lines: &[(&str, f32)]) -> Vec<String> {
        let mut lines = lines.iter().map(|&(text, sure)| line(text, sure)).collect();
        retain_text(&mut lines, 200);
        lines.iter().map(ReadLine::text).collect()
    }

    #[test]
    fn marks_of_no_confidence_are_no_text() {
        assert!(kept(&[("ee@@ •@", 0.66), ("… s-™.,", 0.3)]).is_empty());
        let poster = [
            ("Jazz Night", 0.99),
            ("Co", 0.63),
            ("s®", 0.67),
            ("C7", 0.66),
        ];
        assert_eq!(kept(&poster), ["Jazz Night"]);
        assert!(kept(&[("\u{2026}", 0.99)]).is_empty());
        assert!(kept(&[]).is_empty());
    }

    #[test]
    fn a_line_at_the_edge_must_be_sure() {
        for (baseline, confidence, stays) in [
            (20.0, 0.7, true),
            (15.0, 0.7, false),
            (15.0, 0.9, true),
            (199.5, 0.7, false),
            (199.5, 0.9, true),
        ] {
            let mut line = line("harbour", confidence);
            line.line.baseline = baseline;
            let mut lines = vec![line];
            retain_text(&mut lines, 200);
            assert_eq!(lines.len() == 1, stays, "{baseline} {confidence}");
        }
    }

    #[test]
    fn letters_of_another_script_and_worn_words_stay() {
        let cyrillic = "He npucnonmbca K cmeKty";
        let lines = [cyrillic; 5].map(|text| (text, 0.71));
        assert_eq!(kept(&lines).len(), 5);
        assert_eq!(kept(&[("fog", 0.51)]), ["fog"]);
        assert_eq!(kept(&[("To", 0.7)]), ["To"]);
        assert_eq!(kept(&[("winter", 0.43)]), ["winter"]);
    }
}
