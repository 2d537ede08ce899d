#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "scaler/base/log.hpp"
#include "scaler/config/options.hpp"
#include "scaler/net/dealer.hpp"
#include "scaler/net/loop.hpp"
#include "scaler/wire/messages.hpp"

namespace scaler::roles {

// A worker manager's connection to its scheduler, which it keeps up and writes log lines about.
class ManagerLink : private net::DealerEvents {
 public:
  struct Events {
    std::function<void()> on_connected;
    std::function<void()> on_lost;
    std::function<void(const wire::Message& message)> on_message;
  };
  // `kind` is the middle of its identity: worker_manager_KIND|<32 hex>.
  ManagerLink(net::Loop& loop, const config::WorkerManagerOptions& options, std::string_view kind,
              std::shared_ptr<tls::Context> tls, Events events);

  void send(const wire::Message& message);
  // The last word may take a moment to leave; then `done`.
  void close(std::function<void()> done);

 private:
  void on_connected() override;
  void on_disconnected(std::string_view why) override;
  void on_message(Bytes payload) override;

  net::Loop& loop_;
  std::string address_;
  Events events_;
  net::Dealer scheduler_;
  log::RateLimit absences_{1, 10s};
  log::RateLimit bad_messages_{5, 10s};
  bool connected_ = false;
  bool closing_ = false;
};

}  // namespace scaler::roles
