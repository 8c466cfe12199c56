//! Colours, and whether two of them can be told apart by a camera.

/// The least contrast between the two colours of a code, as WCAG 2 measures it (1 to 21).
pub(super) const CONTRAST_MIN: f64 = 3.0;

/// A colour in sRGB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Colour(pub(super) [u8; 3]);

impl Colour {
    pub(super) const BLACK: Self = Self([0; 3]);
    pub(super) const WHITE: Self = Self([255; 3]);

    /// Reads `#rrggbb`.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        const FORM: &str = "a colour is written as #rrggbb, such as #1a2b3c";
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6).ok_or(FORM)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(FORM);
        }
        let number = u32::from_str_radix(digits, 16).map_err(|_| FORM)?;
        let [_, red, green, blue] = number.to_be_bytes();
        Ok(Self([red, green, blue]))
    }

    /// As CSS and SVG write it.
    pub(super) fn to_hex(self) -> String {
        let [red, green, blue] = self.0;
        format!("#{red:02x}{green:02x}{blue:02x}")
    }

    /// Relative luminance (WCAG 2), 0 to 1.
    pub(super) fn luminance(self) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        let [red, green, blue] = self.0.map(linear);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// The contrast with a darker colour: below 1 where that is the lighter one.
    pub(super) fn contrast_with_darker(self, darker: Self) -> f64 {
        (self.luminance() + 0.05) / (darker.luminance() + 0.05)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read_and_compared() {
        let colour = Colour::parse("#1A2b3c").expect("a colour");
        assert_eq!((colour, colour.to_hex().as_str()), (Colour([0x1a, 0x2b, 0x3c]), "#1a2b3c"));
        for text in ["", "1a2b3c", "#1a2b3", "#1a2b3cc", "#+a2b3c", "red", "#ä2b3"] {
            assert!(Colour::parse(text).is_err(), "{text}");
        }
        assert!((Colour::WHITE.contrast_with_darker(Colour::BLACK) - 21.0).abs() < 1e-9);
        assert!(Colour::BLACK.contrast_with_darker(Colour::WHITE) < 1.0);
    }
}
