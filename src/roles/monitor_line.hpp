#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "scaler/net/dealer.hpp"
#include "scaler/net/loop.hpp"
#include "scaler/net/timer.hpp"
#include "scaler/wire/messages.hpp"

namespace scaler::roles {

// A subscription to a scheduler's monitor stream that comes back for ever.
class MonitorLine : net::DealerEvents {
 public:
  struct Events {
    std::function<void(const wire::Message&)> on_message;
    std::function<void(std::string_view why)> on_lost;  // of a failed attempt too
  };
  MonitorLine(net::Loop& loop, const Address& address, std::shared_ptr<tls::Context> tls,
              Events events);
  bool was_connected() const { return was_connected_; }

 private:
  void on_connected() override { was_connected_ = true; }
  void on_message(Bytes payload) override;
  void on_disconnected(std::string_view why) override { events_.on_lost(why); }

  Events events_;
  bool was_connected_ = false;
  net::Dealer dealer_;
};

// Listens beside an address that stays silent, for whoever gave the scheduler's own address or an
// object storage server's: their monitor is next to them, as long as nobody says otherwise.
class MonitorSearch {
 public:
  MonitorSearch(net::Loop& loop, Address address, std::shared_ptr<tls::Context> tls,
                std::function<void()> on_found);
  void start();  // once, however often it is called
  const std::optional<Address>& found() const { return found_; }

 private:
  std::unique_ptr<MonitorLine> listen_at(std::uint16_t distance);
  void heard(const Address& address, const wire::Message& message);

  net::Loop& loop_;
  Address address_;
  std::shared_ptr<tls::Context> tls_;
  std::function<void()> on_found_;
  std::optional<Address> found_;
  std::unique_ptr<MonitorLine> of_scheduler_;
  std::unique_ptr<MonitorLine> of_storage_;
};

}  // namespace scaler::roles
