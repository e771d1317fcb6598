//! The tenant's colour, and what stays readable on and beside it (WCAG 2.2: 1.4.3 and 1.4.11).

/// The colour of a tenant that has set none.
const DEFAULT: Colour = Colour([0x3b, 0x5b, 0xdb]);
/// What the button stands on; the same as `--surface` in the style.
const SURFACE: Schemes<Colour> =
    Schemes { light: Colour([0xff, 0xff, 0xff]), dark: Colour([0x16, 0x1a, 0x21]) };
/// What stands out from it where the tenant's colour does not; the same as `--ink-3`.
const INK: Schemes<Colour> =
    Schemes { light: Colour([0x65, 0x70, 0x7e]), dark: Colour([0x8d, 0x98, 0xa7]) };
const BLACK: Colour = Colour([0, 0, 0]);
const WHITE: Colour = Colour([0xff, 0xff, 0xff]);
/// The least contrast of what has to be seen without being read.
const SEEN_MIN: f64 = 3.0;

/// A colour of the sRGB space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Colour([u8; 3]);

/// Something for light and for dark screens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Schemes<T> {
    pub(crate) light: T,
    pub(crate) dark: T,
}

/// The colours that follow from the tenant's one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    /// The button.
    pub(crate) button: Colour,
    /// What is written on it.
    pub(crate) on_button: Colour,
    /// The button's edge and what is selected in the form: the tenant's colour where it can be
    /// told from what it stands on.
    pub(crate) edge: Schemes<Colour>,
}

impl Look {
    /// The look of a tenant; a colour that does not read is none.
    pub(crate) fn of(colour: Option<&str>) -> Self {
        let button = colour.and_then(Colour::parse).unwrap_or(DEFAULT);
        let on_black = BLACK.contrast(button) > WHITE.contrast(button);
        let seen = |surface: Colour, ink: Colour| {
            if button.contrast(surface) >= SEEN_MIN { button } else { ink }
        };
        Self {
            button,
            on_button: if on_black { BLACK } else { WHITE },
            edge: Schemes {
                light: seen(SURFACE.light, INK.light),
                dark: seen(SURFACE.dark, INK.dark),
            },
        }
    }
}

impl Colour {
    /// Reads `#rrggbb`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_digit = |byte: u8| byte.is_ascii_hexdigit();
        let digits = text.strip_prefix('#')?;
        if digits.len() != 6 || !digits.bytes().all(is_digit) {
            return None;
        }
        let part = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
        Some(Self([part(0)?, part(2)?, part(4)?]))
    }

    /// The contrast ratio, from 1 to 21.
    #[expect(clippy::float_arithmetic, reason = "WCAG defines it so; this is light, not money")]
    fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[expect(clippy::float_arithmetic, reason = "WCAG defines it so; this is light, not money")]
    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

/// As CSS writes it.
impl std::fmt::Display for Colour {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Of text that is read (WCAG 2.2, 1.4.3).
    const READ_MIN: f64 = 4.5;

    #[test]
    fn contrast_is_as_wcag_computes_it() {
        let contrast = |a: &str, b: &str| {
            let ratio = Colour::parse(a).unwrap().contrast(Colour::parse(b).unwrap());
            format!("{ratio:.2}")
        };
        assert_eq!(contrast("#000000", "#ffffff"), "21.00");
        assert_eq!(contrast("#767676", "#ffffff"), "4.54");
        assert_eq!(contrast("#0a6b4f", "#0a6b4f"), "1.00");
    }

    #[test]
    fn a_colour_that_does_not_read_is_none() {
        for text in ["", "red", "#12345", "#1234567", "#12345g", "#+12345", "#ü2345", "}x{"] {
            assert_eq!(Look::of(Some(text)), Look::of(None), "{text}");
        }
        assert_eq!(Look::of(Some("#0A6B4F")).button.to_string(), "#0a6b4f");
    }

    #[test]
    fn the_colours_are_those_of_the_style() {
        let style = include_str!("../../templates/page.css");
        for (name, colours) in [("surface", SURFACE), ("ink-3", INK)] {
            for colour in [colours.light, colours.dark] {
                assert!(style.contains(&format!("--{name}: {colour};")), "--{name}: {colour}");
            }
        }
    }

    proptest! {
        #[test]
        fn whatever_colour_is_set_the_button_can_be_read_and_seen(parts: [u8; 3]) {
            let colour = Colour(parts).to_string();
            let look = Look::of(Some(&colour));
            prop_assert_eq!(look.button.to_string(), colour);
            prop_assert!(look.on_button.contrast(look.button) >= READ_MIN);
            prop_assert!(look.edge.light.contrast(SURFACE.light) >= SEEN_MIN);
            prop_assert!(look.edge.dark.contrast(SURFACE.dark) >= SEEN_MIN);
        }
    }
}
