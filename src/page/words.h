#pragma once

#include <string>
#include <string_view>

#include "telemetry/overview.h"

// What the page says, without tags. Nothing but a failure's hint comes from outside.
namespace outbox_relay::page {

/// How urgent something is. The order counts: the worst of several is the greatest.
enum class Tone { calm, good, odd, bad };

/// The CSS class of the same name.
[[nodiscard]] std::string_view to_class(Tone tone);
/// A sign that says the same as the colour.
[[nodiscard]] std::string_view to_sign(Tone tone);

[[nodiscard]] Tone tone_of(const telemetry::OutboxOverview& outbox);
[[nodiscard]] std::string_view state_of(const telemetry::OutboxOverview& outbox);
/// Whether it is this relay that works on the outbox.
[[nodiscard]] std::string_view role_of(const telemetry::OutboxOverview& outbox);

/// What somebody could do about it. Names what is to be typed in backticks, as the log does.
[[nodiscard]] std::string advice_on(const telemetry::Trouble& trouble);

/// "12 345" with thin spaces, or "unknown" for NaN.
[[nodiscard]] std::string count(double number);
/// "0", "0.4", "220".
[[nodiscard]] std::string speed(double per_second);
/// "2026-11-18 11:06:40 UTC".
[[nodiscard]] std::string moment(telemetry::WallTime time);
/// "3m 12s" from then to now; never negative, whatever the clocks do.
[[nodiscard]] std::string age(telemetry::WallTime then, telemetry::WallTime now);

}  // namespace outbox_relay::page
