#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "scaler/cloud/caller.hpp"
#include "scaler/config/machine.hpp"
#include "scaler/net/loop.hpp"
#include "scaler/net/stream_call.hpp"
#include "scaler/tls/context.hpp"

namespace scaler::roles {

// Both of our clocks, as the cloud room wants them.
cloud::Moment moment_of(const net::Loop& loop);

// Performs the HTTP exchanges of an ApiCaller, each on a connection of its own. Servers that are
// spoken to over TLS must show a certificate that the machine's authorities vouch for.
class CloudLink {
 public:
  CloudLink(net::Loop& loop, cloud::ApiCaller caller, const config::Machine& machine);

  cloud::ApiCaller& caller() { return caller_; }
  void perform();  // sends what is due

 private:
  void send(cloud::HttpOrder order);
  Result<std::unique_ptr<Session>> session_for(const cloud::Endpoint& endpoint);
  Result<std::shared_ptr<tls::Context>> authorities() const;

  net::Loop& loop_;
  cloud::ApiCaller caller_;
  const config::Machine& machine_;
  std::shared_ptr<tls::Context> tls_;                                // once it is needed
  std::map<std::uint64_t, std::unique_ptr<net::StreamCall>> calls_;  // by order
};

}  // namespace scaler::roles
