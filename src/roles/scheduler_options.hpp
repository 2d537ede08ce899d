#pragma once

#include "scaler/base/address.hpp"
#include "scaler/base/result.hpp"
#include "scaler/config/options.hpp"
#include "scaler/scheduler/scheduler.hpp"

namespace scaler::roles {

// The address `distance` ports further on: object storage at 1, the monitor at 2. Port 0 stays 0.
// An ipc path gets a suffix.
Address neighbour_of(const Address& address, std::uint16_t distance);

// What peers are told. A wildcard becomes an address of this machine, a name a literal, because
// peers up to 2.0.9 take nothing else. May ask the resolver: only for the start of a role.
Result<Address> advertised_address(const Address& address);

scheduler::Options core_options_of(const config::SchedulerOptions& options,
                                   const Address& advertised_storage);

}  // namespace scaler::roles
