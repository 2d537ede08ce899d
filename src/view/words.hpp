#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "scaler/scheduler/inquiry.hpp"
#include "scaler/wire/messages.hpp"

// How things are called and counted in what people read.
namespace scaler::view {

std::string_view name_of(wire::TaskState state);
std::string_view name_of(scheduler::Standing standing);

// UTF-8 as it stands; control characters, those that turn or hide text, and other bytes as \xNN.
std::string printable(std::string_view text);
std::string megabytes(std::uint64_t bytes);                        // "113.0 MB"
std::string percent(std::uint16_t permille);                       // "12.5%"
std::string percentage(std::uint64_t permille);                    // "12.5", for cells of a number
std::string listed(const std::vector<std::string>& words);         // "a, b and c"
std::string capabilities_text(const wire::Capabilities& offered);  // "gpu, cpu=4"
std::string plural(std::uint64_t count, std::string_view noun);    // "1 task", "2 tasks"

using Rows = std::vector<std::vector<std::string>>;

// Rows under a heading, columns as wide as they need to be; the last is not padded.
std::string columns(const Rows& rows);

}  // namespace scaler::view
