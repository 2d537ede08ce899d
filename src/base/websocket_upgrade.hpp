#pragma once

#include <string>
#include <string_view>

#include "scaler/base/random.hpp"
#include "scaler/base/result.hpp"

// The HTTP part of a WebSocket connection (RFC 6455, 4). A head is without its empty line.
namespace scaler::websocket {

std::string new_websocket_key(Random& random);
std::string upgrade_request(std::string_view host, std::string_view path, std::string_view key);

// What a server answers to this request.
Result<std::string> upgrade_answer(std::string_view request_head);
// Whether the server agreed.
Status check_upgrade_answer(std::string_view response_head, std::string_view key);

}  // namespace scaler::websocket
