//! Sinks (protocol.md §8.6).

use super::refuse;
use crate::route::Route;

#[test]
fn an_address_has_exactly_four_parts() {
    let input = |address: &str| {
        let text = format!("FROM /* INTO brokeredendpoint({address})");
        Route::parse(&text).expect(address).sink().to_string()
    };
    assert_eq!(input("\"/modules/m/inputs/i\""), "modules/m/inputs/i");
    assert_eq!(input("' modules/m/inputs/i/ '"), "modules/m/inputs/i");
    assert_eq!(input("'/anything/m/whatever/i'"), "modules/m/inputs/i");
    let hint = "write `INTO BrokeredEndpoint(\"/modules/MODULE/inputs/INPUT\")`";
    for address in ["/modules/m/inputs", "/modules/m/inputs/i/j", "", "/modules//inputs/i", "//modules/m/inputs/i"] {
        let text = format!("FROM /* INTO BrokeredEndpoint('{address}')");
        let words = format!("expected an address like `/modules/MODULE/inputs/INPUT`, found `{address}`");
        refuse(&[(&text, &format!("'{address}'"), &words, hint)]);
    }
    refuse(&[
        ("FROM /* INTO BrokeredEndpoint(m)", "m", "expected an address in quotes, found `m`", ""),
        (
            "FROM /* INTO Endpoint('x')",
            "Endpoint",
            "expected `$upstream` or `BrokeredEndpoint`, found `Endpoint`",
            hint,
        ),
    ]);
}

#[test]
fn upstream_is_the_only_system_endpoint() {
    refuse(&[(
        "FROM /* INTO $iothub",
        "$iothub",
        "system endpoint type `$iothub` is not supported",
        "the only system endpoint is `$upstream`",
    )]);
}
