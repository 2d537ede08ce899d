#include <fmt/format.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <utility>

#include "roles/message_counts.hpp"
#include "roles/own_resources.hpp"
#include "roles/question_desk.hpp"
#include "roles/role_signals.hpp"
#include "roles/scheduler_options.hpp"
#include "roles/store_link.hpp"
#include "roles/webhook_manager.hpp"
#include "scaler/base/log.hpp"
#include "scaler/base/random.hpp"
#include "scaler/config/logging.hpp"
#include "scaler/net/loop.hpp"
#include "scaler/net/publisher.hpp"
#include "scaler/net/router.hpp"
#include "scaler/net/timer.hpp"
#include "scaler/net/tls_files.hpp"
#include "scaler/roles/readiness.hpp"
#include "scaler/roles/roles.hpp"
#include "scaler/roles/store_service.hpp"
#include "scaler/scheduler/scheduler.hpp"
#include "scaler/wire/codec.hpp"

namespace scaler::roles {
namespace {

constexpr Duration status_interval = 1s;
constexpr Duration storage_patience = 15s;  // how long a start waits for the object storage server
constexpr Duration answers_patience = 2s;   // how long queued answers may take to leave at the end

PeerId adapter_peer(std::size_t index) {
  return PeerId{~std::uint32_t{0} - static_cast<std::uint32_t>(index), ~std::uint32_t{0}};
}

// The scheduler core, joined to its sockets: one router for clients, workers and managers, one
// publisher for monitors, and the object storage, either a link to a server or a service of our own
// in the same loop.
class SchedulerRole : private net::RouterEvents {
 public:
  SchedulerRole(net::Loop& loop, const config::SchedulerOptions& options,
                std::shared_ptr<tls::Context> tls)
      : loop_(loop),
        options_(options),
        tls_(std::move(tls)),
        identity_(peer_identity("scheduler")),
        router_(loop, router_options(identity_, tls_), *this),
        monitor_(loop, TransportLimits{}, tls_),
        signals_(loop, [this](const char* name) { stop(name); }),
        deadline_(loop, [this] { on_deadline(); }),
        status_(loop, [this] { publish_status(); }),
        storage_limit_(loop, [this] { give_up_on_storage(); }) {}

  Status start();
  int exit_code() const { return exit_code_; }

 private:
  static net::RouterOptions router_options(const std::string& identity,
                                           const std::shared_ptr<tls::Context>& tls) {
    net::RouterOptions options;
    options.kind = net::PortKind::scheduler;
    options.identity = identity;
    options.tls = tls;
    return options;
  }
  static std::string peer_identity(std::string_view role) {
    return fmt::format("{}|{}|{}", getpid(), role, Random::from_system().hex(32));
  }

  Status open_storage(const Address& scheduler_address);
  Status open_adapters();
  void on_peer(PeerId peer, const Bytes& identity, net::Protocol protocol) override;
  void on_message(PeerId peer, Bytes payload) override;
  void on_peer_lost(PeerId peer, std::string_view why) override;

  void end_turn();
  void perform(scheduler::Effect& effect);
  void send(PeerId to, std::size_t kind, Bytes frame);
  void on_deadline();
  wire::StateScheduler status(OwnResources& since);
  void publish_status();
  bool answer(PeerId peer, const wire::InformationRequest& request);
  void on_storage_change(std::string_view failure);
  void give_up_on_storage();
  void stop(std::string_view why);
  void fail(const std::string& why);

  net::Loop& loop_;
  const config::SchedulerOptions& options_;
  const std::shared_ptr<tls::Context> tls_;
  std::string identity_;
  std::optional<scheduler::Scheduler> core_;
  scheduler::Outbox outbox_;
  net::Router router_;
  std::vector<std::unique_ptr<WebhookManager>> adapters_;  // peers of the core, by adapter_peer
  net::Publisher monitor_;
  std::unique_ptr<StoreLink> storage_link_;
  std::unique_ptr<StoreService> storage_service_;
  RoleSignals signals_;
  net::Timer deadline_;
  net::Timer status_;
  net::Timer storage_limit_;
  std::unique_ptr<net::Loop::Token> end_of_turn_;
  MessageCounts received_;
  MessageCounts sent_;
  OwnResources resources_;
  OwnResources asked_resources_;
  log::RateLimit bad_messages_{5, 10s};
  bool storage_was_reached_ = false;
  std::string storage_failure_;
  bool stopping_ = false;
  int exit_code_ = 0;
};

Status SchedulerRole::start() {
  SCALER_TRY(bound, router_.listen(options_.bind_address));
  const Address monitor_wish = options_.monitor_address.value_or(neighbour_of(bound, 2));
  SCALER_TRY(monitor_bound, monitor_.listen(monitor_wish));
  log::info("{}", config::lines::scheduler_listens(bound));
  SCALER_CHECK(open_storage(bound));
  SCALER_CHECK(open_adapters());
  log::info("{}", config::lines::scheduler_monitor_listens(monitor_bound));

  end_of_turn_ = loop_.before_poll([this] { end_turn(); });
  status_.start(status_interval, status_interval);
  return ok();
}

Status SchedulerRole::open_storage(const Address& scheduler_address) {
  Address reachable;
  if (options_.object_storage_address) {
    reachable = *options_.object_storage_address;
    storage_link_ = std::make_unique<StoreLink>(
        loop_, reachable, identity_, tls_,
        [this](std::string_view failure) { on_storage_change(failure); });
    storage_limit_.start(storage_patience);
    log::info("{}", config::lines::scheduler_uses_storage(reachable));
  } else {
    storage_service_ =
        std::make_unique<StoreService>(loop_, "ObjectStorageServer", StoreServiceLimits{}, tls_);
    auto listening = storage_service_->listen(neighbour_of(scheduler_address, 1));
    if (!listening) {  // the port beside ours is taken: any free one will do, since peers learn it
                       // from us
      Address free_port = scheduler_address;
      free_port.port = 0;
      listening = storage_service_->listen(free_port);
    }
    if (!listening) return std::move(listening.error());
    reachable = *listening;
    log::info("Scheduler: serve object storage at {}", reachable.to_string());
    // Scripts wait for this line in either case.
    log::info("{}", config::lines::scheduler_uses_storage(reachable));
  }
  const Address wish = options_.advertised_object_storage_address.value_or(reachable);
  SCALER_TRY(advertised, advertised_address(wish));
  if (!(advertised == reachable))
    log::info("{}", config::lines::scheduler_advertises_storage(advertised));
  core_.emplace(core_options_of(options_, advertised));
  return ok();
}

// To the core an older worker adapter is a peer like any other; no connection has its number.
Status SchedulerRole::open_adapters() {
  for (const std::string& url : options_.adapter_webhook_urls) {
    SCALER_TRY(place, WebhookManager::parse(url));
    const PeerId peer = adapter_peer(adapters_.size());
    core_->on_peer(peer, Bytes::copy_of("worker_manager_webhook|" + url), loop_.now(), outbox_);
    adapters_.push_back(std::make_unique<WebhookManager>(
        loop_, url, std::move(place), [this, peer](wire::Message message) {
          core_->on_message(peer, std::move(message), {}, loop_.now(), outbox_);
        }));
  }
  return ok();
}

void SchedulerRole::on_peer(PeerId peer, const Bytes& identity, net::Protocol) {
  core_->on_peer(peer, identity, loop_.now(), outbox_);
}

void SchedulerRole::on_message(PeerId peer, Bytes payload) {
  auto message = wire::decode(payload);
  if (!message) {
    if (auto more = bad_messages_.allow(loop_.now()))
      log::warning("Scheduler: a message of {} bytes is dropped: {} ({} more since the last line)",
                   payload.size(), message.error().text, *more);
    return;
  }
  received_.count(message->index());
  if (auto* request = std::get_if<wire::InformationRequest>(&*message))
    if (answer(peer, *request)) return;
  core_->on_message(peer, std::move(*message), std::move(payload), loop_.now(), outbox_);
}

void SchedulerRole::on_peer_lost(PeerId peer, std::string_view) {
  core_->on_peer_lost(peer, loop_.now(), outbox_);
}

// Everything that this turn's messages made possible happens here, once: placing, then speaking.
void SchedulerRole::end_turn() {
  if (stopping_) return;
  core_->set_monitored(monitor_.has_subscribers());
  if (core_->run_turn(loop_.now(), outbox_)) loop_.wake();
  for (scheduler::Effect& effect : outbox_) perform(effect);
  outbox_.clear();
  if (const auto next = core_->next_deadline())
    deadline_.start_at(*next);
  else
    deadline_.stop();
}

void SchedulerRole::perform(scheduler::Effect& effect) {
  using namespace scheduler;
  if (auto* order = std::get_if<Send>(&effect)) {
    for (std::size_t i = 0; i < adapters_.size(); ++i) {
      if (order->to != adapter_peer(i)) continue;
      if (const auto* command = std::get_if<wire::WorkerManagerCommand>(&order->message))
        adapters_[i]->on_command(*command);
      return;
    }
    send(order->to, order->message.index(), wire::encode(order->message));
  } else if (auto* forward = std::get_if<Forward>(&effect)) {
    const std::size_t kind = wire::kind_of(forward->frame).value_or(MessageCounts::unknown);
    send(forward->to, kind, std::move(forward->frame));
  } else if (auto* news = std::get_if<Publish>(&effect)) {
    monitor_.publish(wire::encode(news->message));
  } else if (auto* removal = std::get_if<DeleteObjects>(&effect)) {
    storage_link_ ? storage_link_->remove(removal->ids) : storage_service_->remove(removal->ids);
  } else if (auto* copy = std::get_if<DuplicateObject>(&effect)) {
    storage_link_ ? storage_link_->duplicate(copy->source, copy->copy)
                  : storage_service_->duplicate(copy->source, copy->copy);
  } else if (auto* drop = std::get_if<Drop>(&effect)) {
    log::warning("Scheduler: a connection is closed: {}", drop->why);
    router_.close(drop->peer, answers_patience);
  } else {
    stop("a client asked for it");
  }
}

void SchedulerRole::send(PeerId to, std::size_t kind, Bytes frame) {
  if (router_.send(to, std::move(frame))) sent_.count(kind);
}

void SchedulerRole::on_deadline() { core_->on_deadline(loop_.now(), outbox_); }

// CPU counts from the last reading of `since`, so those who ask must not share the monitor's.
wire::StateScheduler SchedulerRole::status(OwnResources& since) {
  wire::StateScheduler status = core_->status(loop_.now());
  status.received = received_.list();
  status.sent = sent_.list();
  const OwnResources::Reading reading = since.read(loop_.now());
  status.scheduler = reading.process;
  status.rss_free_bytes = reading.available_bytes;
  return status;
}

void SchedulerRole::publish_status() {
  if (!monitor_.has_subscribers()) return;
  monitor_.publish(wire::encode(wire::Message(status(resources_))));
}

// False: it is no question of our own commands.
bool SchedulerRole::answer(PeerId peer, const wire::InformationRequest& request) {
  auto response = answer_question(
      request, *core_, [this] { return status(asked_resources_); }, loop_.now(), outbox_);
  if (!response) return false;
  outbox_.push_back(scheduler::Send{peer, std::move(*response)});
  return true;
}

void SchedulerRole::on_storage_change(std::string_view failure) {
  if (failure.empty()) {
    storage_limit_.stop();
    if (storage_was_reached_) log::info("Scheduler: object storage server is back");
    storage_was_reached_ = true;
    return;
  }
  if (storage_was_reached_ && storage_failure_.empty())
    log::warning("Scheduler: object storage server is lost ({}), connecting again", failure);
  storage_failure_ = failure;
}

void SchedulerRole::give_up_on_storage() {
  fail(fmt::format("object storage server {} cannot be reached: {}",
                   options_.object_storage_address->to_string(), storage_failure_));
}

void SchedulerRole::fail(const std::string& why) {
  config::report_failure("scaler_scheduler", why);
  exit_code_ = 1;
  stop({});
}

void SchedulerRole::stop(std::string_view why) {
  if (stopping_) {  // asked twice: at once
    loop_.stop();
    return;
  }
  stopping_ = true;
  if (!why.empty()) log::info("Scheduler: stopping ({})", why);
  status_.stop();
  deadline_.stop();
  storage_limit_.stop();
  router_.shut_down(answers_patience, [this] { loop_.stop(); });
}

}  // namespace

int run_scheduler(const config::SchedulerOptions& options) {
  Readiness readiness;
  raise_descriptor_limit();
  auto tls = net::open_tls({options.tls.cert, options.tls.key});
  if (!tls) {
    config::report_failure("scaler_scheduler", tls.error().text);
    return 2;
  }
  net::Loop loop;
  SchedulerRole role(loop, options, std::move(*tls));
  if (auto started = role.start(); !started) {
    config::report_failure("scaler_scheduler", started.error().text);
    return 1;
  }
  readiness.announce();
  loop.run();
  return role.exit_code();
}

}  // namespace scaler::roles
