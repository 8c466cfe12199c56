//! Country codes (ISO 3166-1 alpha-2) and codes of their parts (ISO 3166-2).

use super::field_errors::ValueError;

/// The 249 codes that are assigned, and `XK` for Kosovo, which address databases use. In order.
const ASSIGNED: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT \
     BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH \
     ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT \
     HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS \
     LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI \
     NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG \
     SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG \
     UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";

/// A country's two capital letters.
pub(super) type CountryCode = [u8; 2];

/// A part of a country: `DE-BY`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Region {
    country: CountryCode,
    subdivision: Box<str>,
}

/// Every code that a rule may name, in order.
pub(super) fn assigned_codes() -> impl Iterator<Item = &'static str> {
    ASSIGNED.split_ascii_whitespace()
}

/// Reads a country of a rule.
pub(super) fn parse(value: &str) -> Result<CountryCode, ValueError> {
    let malformed = || ValueError::new("country", "expected two capital letters (ISO 3166-1 alpha-2) such as DE");
    let code = CountryCode::try_from(value.as_bytes()).map_err(|_| malformed())?;
    if !code.iter().all(u8::is_ascii_uppercase) {
        return Err(malformed());
    }
    if !assigned_codes().any(|assigned| assigned == value) {
        return Err(ValueError::new("unknown_country", "this code stands for no country (ISO 3166-1 alpha-2)"));
    }
    Ok(code)
}

/// Whether the visitor's `country` is one of `codes`, which are sorted.
pub(super) fn is_one_of(country: &str, codes: &[CountryCode]) -> bool {
    CountryCode::try_from(country.as_bytes()).is_ok_and(|code| codes.binary_search(&code).is_ok())
}

impl Region {
    /// Reads a region of a rule.
    pub fn parse(value: &str) -> Result<Self, ValueError> {
        let malformed = || ValueError::new("region", "expected an ISO 3166-2 code such as DE-BY");
        let (country, subdivision) = value.split_once('-').ok_or_else(malformed)?;
        let is_letter = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        if !(1..=3).contains(&subdivision.len()) || !subdivision.bytes().all(is_letter) {
            return Err(malformed());
        }
        Ok(Self { country: parse(country)?, subdivision: subdivision.into() })
    }

    /// Whether a visitor from that part of that country is in this region.
    pub fn is(&self, country: &str, subdivision: &str) -> bool {
        country.as_bytes() == self.country && *subdivision == *self.subdivision
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_complete_and_in_order() {
        assert_eq!(assigned_codes().count(), 250);
        assert!(assigned_codes().is_sorted());
    }

    #[test]
    fn malformed_and_unassigned_codes_are_refused() {
        let code = |value: &str| parse(value).map_err(|error| error.code);
        assert_eq!(code("DE"), Ok(*b"DE"));
        assert_eq!(code("de"), Err("country"));
        assert_eq!(code("DEU"), Err("country"));
        assert_eq!(code("\u{c4}"), Err("country"));
        assert_eq!(code("UK"), Err("unknown_country"));
    }

    #[test]
    fn regions_are_a_country_and_its_part() {
        assert!(Region::parse("DE-BY").is_ok_and(|region| region.is("DE", "BY") && !region.is("AT", "BY")));
        for value in ["DE", "DE-", "DE-bayern", "DE-ABCD", "QQ-A", "-BY"] {
            assert!(Region::parse(value).is_err(), "{value}");
        }
    }
}
