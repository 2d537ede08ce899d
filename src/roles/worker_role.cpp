#include <fmt/format.h>

#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>

#include "roles/network_backend.hpp"
#include "roles/own_resources.hpp"
#include "roles/process_usage.hpp"
#include "roles/processor_host.hpp"
#include "roles/role_signals.hpp"
#include "roles/worker_command.hpp"
#include "scaler/agent/channel_protocol.hpp"
#include "scaler/agent/worker_agent.hpp"
#include "scaler/base/log.hpp"
#include "scaler/base/random.hpp"
#include "scaler/clientio/store_connection.hpp"
#include "scaler/config/logging.hpp"
#include "scaler/config/values.hpp"
#include "scaler/net/dealer.hpp"
#include "scaler/net/loop.hpp"
#include "scaler/net/process.hpp"
#include "scaler/net/timer.hpp"
#include "scaler/net/tls_files.hpp"
#include "scaler/roles/roles.hpp"
#include "scaler/wire/codec.hpp"

namespace scaler::roles {

namespace {

constexpr Duration goodbye_patience = 2s;  // how long the goodbye may take to leave
// How long the scheduler may take to answer it. Some releases of the peer, over YMQ, serve nobody
// any more when a worker is gone before they could answer.
constexpr Duration answer_patience = 1s;
// Every object storage server of the peer speaks at once; ours waits for us, but for longer.
constexpr Duration listen_first_to_a_store = 100ms;
// Output of tasks that waits for the scheduler. Beyond it output is dropped, so that results and
// heartbeats never are, whatever a task prints.
constexpr std::size_t output_queue_bytes_max = std::size_t{32} << 20;

agent::Options agent_options(const config::WorkerOptions& options) {
  const config::WorkerTuning& tuning = options.tuning;
  agent::Options result;
  result.worker_id = options.worker_id;
  result.manager_id = options.worker_manager_id;
  if (auto parsed = config::parse_capabilities(tuning.per_worker_capabilities))
    for (auto& [name, value] : *parsed) result.capabilities.push_back({name, value});
  result.task_queue_size = static_cast<std::uint32_t>(tuning.per_worker_task_queue_size);
  result.heartbeat_interval = std::chrono::seconds(tuning.heartbeat_interval_seconds);
  result.task_timeout = std::chrono::seconds(tuning.task_timeout_seconds);
  result.task_cpu_limit = std::chrono::seconds(tuning.task_cpu_limit_seconds);
  result.death_timeout = std::chrono::seconds(tuning.death_timeout_seconds);
  result.hard_suspend = tuning.hard_processor_suspend;
  result.object_storage = options.object_storage_address;
  result.random_seed = Random::from_system().next();
  return result;
}

net::DealerOptions scheduler_dealer(const config::WorkerOptions& options,
                                    std::shared_ptr<tls::Context> tls) {
  net::DealerOptions result;
  result.tls = std::move(tls);
  result.address = options.scheduler_address;
  result.identity = options.worker_id;
  // A scheduler of ours speaks both. The peer's speaks one of them, and says so at once.
  const char* backend = std::getenv("SCALER_NETWORK_BACKEND");
  result.protocol =
      first_protocol(backend ? std::optional<std::string_view>(backend) : std::nullopt);
  result.tries_both_protocols = true;
  return result;
}

net::SpawnOptions zygote_spawn(const config::WorkerOptions& options) {
  net::SpawnOptions spawn;
  spawn.program = own_program;
  spawn.arguments = zygote_command(options);
  spawn.environment = {{agent::worker_mark_variable, Random::from_system().hex(32)}};
  return spawn;
}

bool is_for_store(const agent::Effect& effect) {
  return std::holds_alternative<agent::ConnectStore>(effect) ||
         std::holds_alternative<agent::GetObject>(effect) ||
         std::holds_alternative<agent::SetObject>(effect) ||
         std::holds_alternative<agent::RemoveObject>(effect);
}

// The agent core, joined to the scheduler, to the object storage and to its processors. Events fill
// the outbox; the end of each loop turn empties it.
class WorkerRole : private net::DealerEvents, private clientio::StoreEvents {
 public:
  WorkerRole(net::Loop& loop, const config::WorkerOptions& options,
             std::shared_ptr<tls::Context> tls)
      : loop_(loop),
        options_(options),
        tls_(std::move(tls)),
        core_(agent_options(options)),
        children_(loop),
        host_(loop, children_, zygote_spawn(options), host_events()),
        scheduler_(loop, scheduler_dealer(options, tls_), *this),
        signals_(loop, [this](const char* name) { stop(name); }),
        deadline_(loop, [this] { on_deadline(); }),
        hang_up_(loop, [this] { hang_up(); }),
        end_of_turn_(loop.before_poll([this] { end_turn(); })) {
    log::info("{} starts, scheduler {}", options_.worker_id,
              options_.scheduler_address.to_string());
    core_.start(loop_.now(), outbox_);
  }

  int exit_code() const { return exit_code_; }

 private:
  void on_connected() override;
  void on_message(Bytes payload) override;
  void on_disconnected(std::string_view why) override;
  ProcessorHost::Events host_events();
  void on_store_connected() override;
  void on_store_lost(std::string_view why) override;
  void on_object(const ObjectId& id, Bytes payload) override;
  void on_stored(const ObjectId& id) override;

  void end_turn();
  void perform(agent::Effect effect);
  void set_object(agent::SetObject set);
  void hand_over();
  void send(wire::Message message);
  bool drop_output(wire::TaskLog& output);
  void connect_store(const Address& address);
  void on_deadline();
  agent::Measures measure();
  void stop(const char* signal);
  void close(int exit_code);
  void hang_up();

  net::Loop& loop_;
  const config::WorkerOptions& options_;
  const std::shared_ptr<tls::Context> tls_;
  agent::WorkerAgent core_;
  agent::Outbox outbox_;
  net::Children children_;
  ProcessorHost host_;
  net::Dealer scheduler_;
  std::optional<Address> store_address_;
  std::unique_ptr<clientio::StoreConnection> store_;
  bool store_was_reached_ = false;
  std::vector<ObjectId> on_their_way_;  // to the store, in this turn
  RoleSignals signals_;
  net::Timer deadline_;
  net::Timer hang_up_;
  std::unique_ptr<net::Loop::Token> end_of_turn_;
  OwnResources own_;
  ProcessUsage usage_;
  log::RateLimit bad_messages_{5, 10s};
  std::uint64_t dropped_output_bytes_ = 0;  // since output was last sent
  bool connected_ = false;
  bool stopping_ = false;  // a signal came
  bool closing_ = false;   // the agent left; the answer to its goodbye is awaited
  bool hung_up_ = false;
  int exit_code_ = 0;
};

// ---- the scheduler ----

void WorkerRole::on_connected() {
  connected_ = true;
  log::info("connected to scheduler {}", options_.scheduler_address.to_string());
  core_.on_scheduler_connected(loop_.now(), outbox_);
}

void WorkerRole::on_disconnected(std::string_view why) {
  if (closing_) return hang_up();
  if (std::exchange(connected_, false))
    log::warning("lost the scheduler ({}), connecting again", why);
  core_.on_scheduler_lost(loop_.now(), outbox_);
}

void WorkerRole::on_message(Bytes payload) {
  auto message = wire::decode(payload);
  if (!message) {
    if (auto more = bad_messages_.allow(loop_.now()))
      log::warning("a message of {} bytes is dropped: {} ({} more since the last line)",
                   payload.size(), message.error().text, *more);
    return;
  }
  if (closing_) {
    if (std::holds_alternative<wire::DisconnectResponse>(*message)) hang_up();
    return;
  }
  core_.on_scheduler_message(std::move(*message), std::move(payload), loop_.now(), outbox_);
}

// ---- the store and the processors ----

void WorkerRole::on_store_connected() {
  log::info("connected to object storage {}", store_address_->to_string());
  store_was_reached_ = true;
  core_.on_store_connected(loop_.now(), outbox_);
}

void WorkerRole::on_store_lost(std::string_view why) {
  if (std::exchange(store_was_reached_, false))
    log::warning("lost the object storage ({}), connecting again", why);
  core_.on_store_lost(loop_.now(), outbox_);
}

void WorkerRole::on_object(const ObjectId& id, Bytes payload) {
  core_.on_object(id, std::move(payload), loop_.now(), outbox_);
}

void WorkerRole::on_stored(const ObjectId& id) { core_.on_object_stored(id, loop_.now(), outbox_); }

void WorkerRole::connect_store(const Address& address) {
  store_address_ = address;
  store_was_reached_ = false;
  clientio::StoreConnection::Options options;
  options.address = address;
  options.identity = options_.worker_id;
  options.listen_first = listen_first_to_a_store;
  options.tls = tls_;
  options.keeps_descriptors = true;  // processors get them
  options.wake = [this] { loop_.wake(); };
  clientio::StoreEvents& events = *this;
  store_ = std::make_unique<clientio::StoreConnection>(loop_, options, events);
}

ProcessorHost::Events WorkerRole::host_events() {
  ProcessorHost::Events events;
  events.on_message = [this](agent::ProcessorId id, agent::FromProcessor message) {
    core_.on_processor_message(id, std::move(message), loop_.now(), outbox_);
  };
  events.on_ended = [this](agent::ProcessorId id, const agent::ProcessorEnd& end) {
    core_.on_processor_ended(id, end, loop_.now(), outbox_);
  };
  events.on_file_wanted = [this](agent::ProcessorId id, std::uint64_t bytes) {
    const auto lend = [this, id](const Bytes& file) { host_.lend(id, file); };
    if (store_)
      store_->borrow(bytes, lend);
    else
      lend({});
  };
  return events;
}

// ---- turns ----

void WorkerRole::end_turn() {
  if (closing_) return;
  if (store_ && store_->broken()) {
    core_.on_store_lost(loop_.now(), outbox_);
    connect_store(*store_address_);
  }
  // Performing may end a processor that never began, which makes the agent say more.
  for (core_.finish_turn(outbox_); !outbox_.empty(); core_.finish_turn(outbox_)) {
    agent::Outbox effects = std::exchange(outbox_, {});
    // Nobody waits for the store's part as they do for a task or a result, and each send may cost
    // us the core.
    for (agent::Effect& effect : effects)
      if (!is_for_store(effect)) perform(std::move(effect));
    for (agent::Effect& effect : effects)
      if (is_for_store(effect)) perform(std::move(effect));
    hand_over();
  }
  if (const auto next = core_.next_deadline())
    deadline_.start_at(*next);
  else
    deadline_.stop();
}

void WorkerRole::perform(agent::Effect effect) {
  if (auto* said = std::get_if<agent::ToScheduler>(&effect)) {
    send(std::move(said->message));
  } else if (auto* address = std::get_if<agent::ConnectStore>(&effect)) {
    connect_store(address->address);
  } else if (auto* get = std::get_if<agent::GetObject>(&effect)) {
    store_->get(get->id);
  } else if (auto* set = std::get_if<agent::SetObject>(&effect)) {
    set_object(std::move(*set));
  } else if (auto* remove = std::get_if<agent::RemoveObject>(&effect)) {
    store_->remove(remove->id);
  } else if (auto* start = std::get_if<agent::StartProcessor>(&effect)) {
    host_.start(start->processor);
  } else if (auto* tell = std::get_if<agent::TellProcessor>(&effect)) {
    host_.tell(tell->processor, tell->message);
  } else if (auto* suspend = std::get_if<agent::SuspendProcessor>(&effect)) {
    host_.suspend(suspend->processor, suspend->hard);
  } else if (auto* resume = std::get_if<agent::ResumeProcessor>(&effect)) {
    host_.resume(resume->processor, resume->hard);
  } else if (auto* kill = std::get_if<agent::KillProcessor>(&effect)) {
    host_.kill(kill->processor, kill->patience);
  } else if (auto* leave = std::get_if<agent::Leave>(&effect)) {
    close(leave->exit_code);
  }
}

void WorkerRole::set_object(agent::SetObject set) {
  using Answered = clientio::StoreConnection::Answered;
  const bool handed = set.may_be_handed && store_->on_same_host();
  const Answered when = set.is_announced || handed ? Answered::late : Answered::at_once;
  store_->put(set.id, std::move(set.payload), when);
  if (handed) on_their_way_.push_back(set.id);
}

void WorkerRole::hand_over() {
  if (on_their_way_.empty()) return;
  if (store_->flush())
    for (const ObjectId& id : on_their_way_) core_.on_object_handed_over(id);
  on_their_way_.clear();
}

void WorkerRole::send(wire::Message message) {
  auto* output = std::get_if<wire::TaskLog>(&message);
  if (output && drop_output(*output)) return;
  if (!scheduler_.send(wire::encode(message)))
    log::error("a {} is lost: too many bytes wait for the scheduler", wire::kind_name(message));
}

// What is sent after a gap says so.
bool WorkerRole::drop_output(wire::TaskLog& output) {
  if (scheduler_.queued_bytes() > output_queue_bytes_max) {
    if (dropped_output_bytes_ == 0)
      log::warning("task_id={} prints faster than the scheduler takes it, output is dropped",
                   output.id.hex());
    dropped_output_bytes_ += output.content.size();
    return true;
  }
  if (const std::uint64_t dropped = std::exchange(dropped_output_bytes_, 0); dropped > 0)
    output.content =
        fmt::format("\n[scaler: {} bytes of output were dropped here]\n", dropped) + output.content;
  return false;
}

void WorkerRole::on_deadline() {
  if (core_.heartbeat_due(loop_.now()))
    core_.send_heartbeat(measure(), loop_.now(), outbox_);
  else
    core_.on_deadline(loop_.now(), outbox_);
}

agent::Measures WorkerRole::measure() {
  agent::Measures measures;
  const OwnResources::Reading own = own_.read(loop_.now());
  measures.agent = own.process;
  measures.rss_free_bytes = own.available_bytes;
  const auto processors = host_.pids();
  std::vector<int> pids;
  for (const auto& [id, pid] : processors) pids.push_back(pid);
  const auto usages = usage_.read(pids, loop_.now());
  for (std::size_t i = 0; i < processors.size(); ++i)
    measures.processors.emplace_back(processors[i].first, usages[i]);
  return measures;
}

// ---- the end ----

void WorkerRole::stop(const char* signal) {
  if (std::exchange(stopping_, true)) {  // asked twice: at once
    loop_.stop();
    return;
  }
  core_.leave(fmt::format("received signal {}, quitting", signal), loop_.now(), outbox_);
}

void WorkerRole::close(int exit_code) {
  closing_ = true;
  exit_code_ = exit_code;
  deadline_.stop();
  if (!connected_) return hang_up();
  hang_up_.start(answer_patience);
}

void WorkerRole::hang_up() {
  if (std::exchange(hung_up_, true)) return;
  hang_up_.stop();
  scheduler_.shut_down(goodbye_patience, [this] {
    log::info("quit");
    loop_.stop();
  });
}

}  // namespace

int run_worker(const config::WorkerOptions& options) {
  auto tls = net::open_tls({options.tls.cert, options.tls.key});
  if (!tls) {
    config::report_failure("scaler_worker", tls.error().text);
    return 2;
  }
  net::Loop loop;
  WorkerRole role(loop, options, std::move(*tls));
  loop.run();
  return role.exit_code();
}

}  // namespace scaler::roles
