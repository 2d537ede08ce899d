#pragma once

#include <string>

#include "scaler/base/bytes.hpp"
#include "scaler/base/log.hpp"

namespace scaler::scheduler {

// How peers are called in log lines: ClientID(Client|0f...), WorkerID(Worker|...). An identity may
// be any bytes; what is not printable is shown as \xNN.
std::string client_name(const Bytes& identity);
std::string worker_name(const Bytes& identity);
std::string manager_name(const Bytes& id);
std::string printable(std::string_view text);

}  // namespace scaler::scheduler
