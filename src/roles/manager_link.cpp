#include "roles/manager_link.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <optional>
#include <utility>

#include "roles/network_backend.hpp"
#include "scaler/base/random.hpp"
#include "scaler/wire/codec.hpp"

namespace scaler::roles {

namespace {

constexpr Duration last_words_patience = 1s;  // how long the last answer may take to leave

net::DealerOptions dealer_options(const config::WorkerManagerOptions& options,
                                  std::string_view kind, std::shared_ptr<tls::Context> tls) {
  net::DealerOptions result;
  result.tls = std::move(tls);
  result.address = options.scheduler_address;
  // Of this form a scheduler knows that it may send commands at once.
  result.identity = fmt::format("worker_manager_{}|{}", kind, Random::from_system().hex(32));
  const char* backend = std::getenv("SCALER_NETWORK_BACKEND");
  result.protocol =
      first_protocol(backend ? std::optional<std::string_view>(backend) : std::nullopt);
  result.tries_both_protocols = true;
  return result;
}

}  // namespace

ManagerLink::ManagerLink(net::Loop& loop, const config::WorkerManagerOptions& options,
                         std::string_view kind, std::shared_ptr<tls::Context> tls, Events events)
    : loop_(loop),
      address_(options.scheduler_address.to_string()),
      events_(std::move(events)),
      scheduler_(loop, dealer_options(options, kind, std::move(tls)), *this) {
  log::info("worker manager {} starts, scheduler {}", options.worker_manager_id, address_);
}

void ManagerLink::on_connected() {
  connected_ = true;
  log::info("connected to scheduler {}", address_);
  events_.on_connected();
}

void ManagerLink::on_disconnected(std::string_view why) {
  events_.on_lost();
  if (const auto more = absences_.allow(loop_.now()); more && !closing_)
    log::warning("{} scheduler {} ({}), connecting again",
                 std::exchange(connected_, false) ? "lost" : "cannot reach", address_, why);
}

void ManagerLink::on_message(Bytes payload) {
  auto message = wire::decode_for_manager(payload);
  if (message) return events_.on_message(*message);
  if (auto more = bad_messages_.allow(loop_.now()))
    log::warning("a message of {} bytes is dropped: {} ({} more since the last line)",
                 payload.size(), message.error().text, *more);
}

void ManagerLink::send(const wire::Message& message) { scheduler_.send(wire::encode(message)); }

void ManagerLink::close(std::function<void()> done) {
  closing_ = true;
  scheduler_.shut_down(last_words_patience, std::move(done));
}

}  // namespace scaler::roles
