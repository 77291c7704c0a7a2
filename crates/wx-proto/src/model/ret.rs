use std::fmt;

use serde::{Deserialize, Serialize};

/// `BaseResponse.Ret`: the server's own verdict on a call (`docs/protocol.md` §7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ret(pub i64);

/// What a [`Ret`] asks of the caller (P49).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RetClass {
    /// 0.
    Ok,
    /// 1100, 1101, 1102, −14: this login is over.
    LoginAgain,
    /// 1205: too frequent. Never repeated at once (P51).
    RateLimited,
    /// −1: trouble on the server's side.
    Transient,
    /// All others, known or not.
    Permanent,
}

impl Ret {
    /// Success.
    pub const OK: Self = Self(0);

    /// The class of this code.
    #[must_use]
    pub const fn class(self) -> RetClass {
        match self.0 {
            0 => RetClass::Ok,
            1100 | 1101 | 1102 | -14 => RetClass::LoginAgain,
            1205 => RetClass::RateLimited,
            -1 => RetClass::Transient,
            _ => RetClass::Permanent,
        }
    }

    /// What is known of the code, in a few words; empty for codes that no source explains.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self.0 {
            0 => "success",
            1 => "bad parameters",
            -1 => "server error",
            -2 => "logic error",
            -14 => "ticket error",
            1100 => "no such login",
            1101 => "login no longer valid",
            1102 => "login ended on the phone",
            1200 => "request not understood",
            1203 => "this account may not use the web login",
            1204 => "not a valid recipient",
            1205 => "too frequent",
            _ => "",
        }
    }
}

impl fmt::Display for Ret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.meaning() {
            "" => write!(f, "Ret {}", self.0),
            meaning => write!(f, "Ret {} ({meaning})", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p49_classes_of_the_vector() {
        let vector: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/vectors/ret_codes.json")).unwrap();
        for row in vector["codes"].as_array().unwrap() {
            let expected = match row["class"].as_str().unwrap() {
                "ok" => RetClass::Ok,
                "permanent" => RetClass::Permanent,
                // Ret 3 is transient on webwxsync alone; no picture call answers it.
                "transient" if row["on"] == "webwxsync" => RetClass::Permanent,
                "transient" => RetClass::Transient,
                "login again" => RetClass::LoginAgain,
                "rate limited" => RetClass::RateLimited,
                other => panic!("unknown class {other}"),
            };
            let ret = Ret(row["ret"].as_i64().unwrap());
            assert_eq!(ret.class(), expected, "{row}");
            // What no picture call answers, and what nobody knows, is a number alone.
            assert_eq!(ret.meaning().is_empty(), [3, 99_999].contains(&ret.0), "{row}");
        }
        assert_eq!(Ret(1205).to_string(), "Ret 1205 (too frequent)");
        assert_eq!(Ret(99_999).to_string(), "Ret 99999");
    }
}
