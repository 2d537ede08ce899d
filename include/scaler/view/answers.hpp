#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "scaler/base/bytes.hpp"
#include "scaler/scheduler/inquiry.hpp"
#include "scaler/wire/messages.hpp"

// What people and programs read of a scheduler's state: text for a terminal, or one JSON object.
// Both end with a line break. Identities are any bytes; here they are always printable.
namespace scaler::view {

enum class Form : std::uint8_t { text, json };

std::string status_answer(const wire::StateScheduler& status, Form form);
// `draining`: identities of workers that get no more tasks, which the status does not say.
std::string workers_answer(const wire::StateScheduler& status, const std::vector<Bytes>& draining,
                           Form form);
std::string tasks_answer(const scheduler::TaskList& list, Form form);
std::string explanation_answer(const scheduler::Explanation& explanation, Form form);
// `wanted`: the text that should name a worker.
std::string drain_answer(const scheduler::DrainAnswer& answer, std::string_view wanted, Form form);

// An answer as it came from whoever listens there: its lines and their text, nothing that steers a
// terminal.
std::string shown_answer(std::string_view answer);

}  // namespace scaler::view
