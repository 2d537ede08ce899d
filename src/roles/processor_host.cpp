#include "roles/processor_host.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "roles/seat_files.hpp"
#include "scaler/base/log.hpp"
#include "scaler/net/descriptors.hpp"

namespace scaler::roles {

namespace {

constexpr int zygote_control = 3;  // its number in the zygote
constexpr unsigned zygote_failures_max = 5;
constexpr Duration zygote_retry_first = 100ms;
// Between the end of a processor's channel and that of its process, or the other way round: a
// task's own child may hold the channel open, and a process may close it and live on.
constexpr Duration end_grace = 1s;
// Between SIGTERM and SIGKILL for the processes that a processor leaves behind: long enough for
// those that remove shared memory, such as the resource tracker of multiprocessing.
constexpr Duration leftovers_patience = 1s;

// What a processor is given is joined with the begin of its frame up to this size.
constexpr std::size_t joined_bytes_max = std::size_t{16} << 10;

void close_if_open(int& descriptor) {
  if (descriptor >= 0) ::close(descriptor);
  descriptor = -1;
}

void signal_process(int pid, int number) {
  if (pid > 0) ::kill(pid, number);
}

}  // namespace

struct ProcessorHost::Zygote {
  int pid = 0;
  int control = -1;
  bool ready = false;
  std::string failure;  // what it said before it ended
  std::unique_ptr<net::Watcher> watcher;
  ~Zygote() {
    watcher.reset();
    close_if_open(control);
  }
};

struct ProcessorHost::Seat {
  SeatFiles files;
  std::unique_ptr<net::Channel> channel;  // none: not requested yet
  int resume = -1;
  int pid = 0;  // 0: it has not said it
  bool killed = false;
  bool cut_off = false;  // killed here, because it had closed its channel
  bool last_look = false;
  bool stopped = false;  // by SIGSTOP
  bool channel_ended = false;
  std::optional<net::ExitStatus> process_end;
  std::unique_ptr<net::Timer> timer;  // to SIGKILL, or for the other end
  ~Seat() { close_if_open(resume); }
};

ProcessorHost::ProcessorHost(net::Loop& loop, net::Children& children, net::SpawnOptions zygote,
                             Events events)
    : loop_(loop),
      children_(children),
      zygote_options_(std::move(zygote)),
      events_(std::move(events)),
      zygote_retry_(loop, [this] { spawn_zygote(); }) {
  children_.adopt_orphans();
  spawn_zygote();
}

ProcessorHost::~ProcessorHost() {
  // Whoever sees this process gone may rely on its processors being gone too, and on what they
  // started, so the ends are waited for. Processors are killed: it does not take long.
  std::vector<int> ending;
  for (auto& [id, seat] : seats_)
    if (seat->pid != 0 && !seat->process_end) ending.push_back(seat->pid);
  if (zygote_) ending.push_back(zygote_->pid);
  children_.end_all(ending, leftovers_patience);
}

// ---- the zygote ----

void ProcessorHost::spawn_zygote() {
  auto pair = net::make_socketpair(net::SocketPairType::seqpacket, net::Blocking::yes);
  if (!pair) return on_zygote_not_started(pair.error().text);
  auto zygote = std::make_unique<Zygote>();
  zygote->control = pair->first;
  ::fcntl(zygote->control, F_SETFL, O_NONBLOCK);  // ours only: the zygote blocks on its end
  net::SpawnOptions options = zygote_options_;
  options.descriptors = {{pair->second, zygote_control}};
  const auto pid = children_.spawn(options);
  ::close(pair->second);
  if (!pid) return on_zygote_not_started(pid.error().text);
  zygote->pid = *pid;
  zygote_ = std::move(zygote);
  zygote_->watcher =
      std::make_unique<net::Watcher>(loop_, zygote_->control, [this] { on_zygote_said(); });
  children_.watch(*pid, [this](net::ExitStatus status) { on_zygote_ended(status); });
}

void ProcessorHost::on_zygote_not_started(const std::string& why) {
  log::error("the zygote cannot start: {}", why);
  if (++zygote_failures_ >= zygote_failures_max) refuse_waiting(why);
  retry_zygote();
}

void ProcessorHost::retry_zygote() {
  zygote_retry_.start(zygote_retry_first * (1U << std::min(zygote_failures_, 6U)));
}

void ProcessorHost::on_zygote_said() {
  const auto received = net::receive_with_descriptors(zygote_->control);
  if (!received && received.error().code == Errc::unavailable) return;
  if (!received || received->message.empty()) {
    zygote_->watcher.reset();  // its end follows
    return;
  }
  for (const int descriptor : received->descriptors) ::close(descriptor);
  const std::string_view text = received->message.text().substr(1);
  switch (received->message.text().front()) {
    case 'R': {
      log::debug("zygote {} is ready, Python {}", zygote_->pid, text);
      zygote_->ready = true;
      zygote_failures_ = 0;
      for (const agent::ProcessorId id : std::exchange(waiting_, {}))
        if (find(id)) start(id);
      return;
    }
    case 'X':
      zygote_->failure = text;
      return;
    case 'E':  // that processor's channel ends without a word
      log::error("zygote {} could not fork a processor: {}", zygote_->pid, text);
      return;
    default:
      log::warning("zygote {} said something unknown", zygote_->pid);
  }
}

void ProcessorHost::on_zygote_ended(const net::ExitStatus& status) {
  if (zygote_->watcher) on_zygote_said();  // its last words
  const bool was_ready = zygote_->ready;
  const std::string failure = std::move(zygote_->failure);
  zygote_.reset();
  log::warning("the zygote ended by {}{}{}", status.describe(), failure.empty() ? "" : ": ",
               failure);
  if (!was_ready) ++zygote_failures_;
  if (!failure.empty() || zygote_failures_ >= zygote_failures_max)
    refuse_waiting(failure.empty() ? "the zygote ended by " + status.describe() : failure);
  retry_zygote();
}

void ProcessorHost::refuse_waiting(const std::string& reason) {
  for (const agent::ProcessorId id : std::exchange(waiting_, {})) {
    if (!find(id)) continue;
    events_.on_message(id, agent::ProcessorFailed{reason});
    finish(id);
  }
}

// ---- processors ----

void ProcessorHost::start(agent::ProcessorId id) {
  auto& seat = seats_[id];
  if (!seat) seat = std::make_unique<Seat>();
  if (!zygote_ || !zygote_->ready) {
    waiting_.push_back(id);
    return;
  }
  if (const Status requested = request_fork(id, *seat); !requested) {
    log::error("cannot ask for a processor: {}", requested.error().text);
    finish(id);
  }
}

Status ProcessorHost::request_fork(agent::ProcessorId id, Seat& seat) {
  seat.resume = ::eventfd(0, EFD_SEMAPHORE | EFD_CLOEXEC);
  if (seat.resume < 0) return Error{Errc::system, std::strerror(errno)};
  SCALER_TRY(pair, net::make_socketpair(net::SocketPairType::stream, net::Blocking::yes));
  seat.channel = std::make_unique<net::Channel>(
      loop_, pair.first,
      net::Channel::Events{[this, id](Bytes frame) { on_frame(id, std::move(frame)); },
                           [this, id](std::string_view) { on_channel_end(id); }});
  std::array<std::byte, 5> request{std::byte{'F'}};
  store_le32(request.data() + 1, static_cast<std::uint32_t>(::getpid()));
  const std::array<int, 2> descriptors{pair.second, seat.resume};
  const Status sent = net::send_with_descriptors(zygote_->control, request, descriptors);
  ::close(pair.second);
  return sent;
}

ProcessorHost::Seat* ProcessorHost::find(agent::ProcessorId id) {
  const auto found = seats_.find(id);
  return found == seats_.end() ? nullptr : found->second.get();
}

void ProcessorHost::tell(agent::ProcessorId id, const agent::ToProcessor& message) {
  Seat* seat = find(id);
  if (!seat || !seat->channel || seat->channel_ended) return;
  const auto* given = std::get_if<agent::GiveObject>(&message);
  if (!given || given->payload.size() < joined_bytes_max)
    return seat->channel->send(agent::encode(message));
  if (const auto file = seat->files.give(*given))
    return seat->channel->send_with_file(agent::encode(*file), given->payload);
  give(*seat, *given);
}

// The payload is the end of its frame, so a frame without it is how it begins.
void ProcessorHost::give(Seat& seat, const agent::GiveObject& object) {
  seat.channel->send(agent::encode(agent::GiveObject{object.id, {}}), object.payload);
}

void ProcessorHost::lend(agent::ProcessorId id, const Bytes& file) {
  Seat* seat = find(id);
  if (!seat || seat->channel_ended) return;
  const agent::LendFile lent = seat->files.lend(file);
  if (lent.number != 0)
    seat->channel->send_with_file(agent::encode(lent), file);
  else
    seat->channel->send(agent::encode(lent));
}

void ProcessorHost::suspend(agent::ProcessorId id, bool hard) {
  Seat* seat = find(id);
  if (!seat || seat->process_end) return;
  seat->stopped = hard;
  signal_process(seat->pid, hard ? SIGSTOP : SIGUSR1);
}

void ProcessorHost::resume(agent::ProcessorId id, bool hard) {
  Seat* seat = find(id);
  if (!seat || seat->process_end) return;
  if (hard) {
    seat->stopped = false;
    signal_process(seat->pid, SIGCONT);
    return;
  }
  const std::uint64_t one = 1;
  if (::write(seat->resume, &one, sizeof one) != sizeof one)
    log::error("Processor[{}] cannot be resumed: {}", seat->pid, std::strerror(errno));
}

void ProcessorHost::kill(agent::ProcessorId id, Duration patience) {
  Seat* seat = find(id);
  if (!seat) return;
  seat->killed = true;
  if (!seat->channel) return finish(id);            // nobody has heard of it
  if (seat->process_end || seat->pid == 0) return;  // is over, or is done when its pid comes
  if (patience <= Duration::zero()) {
    signal_process(seat->pid, SIGKILL);
    return;
  }
  signal_process(seat->pid, SIGTERM);
  if (std::exchange(seat->stopped, false)) signal_process(seat->pid, SIGCONT);
  seat->timer = std::make_unique<net::Timer>(loop_, [this, id] {
    const Seat* late = find(id);
    log::warning("Processor[{}] does not terminate in time, send SIGKILL.", late->pid);
    signal_process(late->pid, SIGKILL);
  });
  seat->timer->start(patience);
}

std::vector<std::pair<agent::ProcessorId, int>> ProcessorHost::pids() const {
  std::vector<std::pair<agent::ProcessorId, int>> list;
  for (const auto& [id, seat] : seats_)
    if (seat->pid > 0 && !seat->process_end) list.emplace_back(id, seat->pid);
  return list;
}

// ---- what processors do ----

void ProcessorHost::on_frame(agent::ProcessorId id, Bytes frame) {
  Seat* seat = find(id);
  auto message = agent::decode_from_processor(frame);
  if (!message) return on_broken_channel(*seat, message.error().text);
  if (on_file_word(id, *seat, *message)) return;
  if (const auto* started = std::get_if<agent::ProcessorStarted>(&*message)) {
    if (seat->pid != 0) return;  // only the first is ours; later ones could name any process
    seat->pid = static_cast<int>(started->pid);
    children_.watch_leader(seat->pid, leftovers_patience,
                           [this, id](net::ExitStatus status) { on_process_end(id, status); });
    if (seat->killed) signal_process(seat->pid, SIGKILL);
  }
  events_.on_message(id, std::move(*message));
}

void ProcessorHost::on_broken_channel(const Seat& seat, std::string_view why) {
  log::error("Processor[{}] broke its channel: {}", seat.pid, why);
  signal_process(seat.process_end ? 0 : seat.pid, SIGKILL);
}

// True: it was about files alone.
bool ProcessorHost::on_file_word(agent::ProcessorId id, Seat& seat, agent::FromProcessor& message) {
  bool known = true;
  if (const auto* want = std::get_if<agent::WantFile>(&message)) {
    if (events_.on_file_wanted)
      events_.on_file_wanted(id, want->bytes);
    else
      lend(id, {});
  } else if (const auto* done = std::get_if<agent::FileDone>(&message)) {
    known = seat.files.done(*done);
  } else if (const auto* missing = std::get_if<agent::FileMissing>(&message)) {
    const auto object = seat.files.missing(*missing);
    known = object.has_value();
    if (known && !seat.channel_ended) give(seat, {missing->id, *object});
  } else if (auto* finished = std::get_if<agent::TaskFinished>(&message)) {
    if (finished->file == 0) return false;
    auto result = seat.files.result(finished->file, finished->file_bytes);
    known = result.has_value();
    if (known) finished->payload = std::move(*result);
    if (known) return false;
  } else {
    return false;
  }
  if (!known) on_broken_channel(seat, "it speaks of a file that it does not have");
  return true;
}

void ProcessorHost::on_channel_end(agent::ProcessorId id) {
  Seat* seat = find(id);
  seat->channel_ended = true;
  if (seat->process_end || seat->pid == 0) return finish(id);
  if (seat->killed) return;
  seat->timer = std::make_unique<net::Timer>(loop_, [this, id] { on_grace_over(id); });
  seat->timer->start(end_grace);
}

void ProcessorHost::on_process_end(agent::ProcessorId id, const net::ExitStatus& status) {
  Seat* seat = find(id);
  seat->process_end = status;
  if (seat->channel_ended || seat->killed) return finish(id);
  // What it said last is still to be read.
  seat->timer = std::make_unique<net::Timer>(loop_, [this, id] { on_grace_over(id); });
  seat->timer->start(end_grace);
}

void ProcessorHost::on_grace_over(agent::ProcessorId id) {
  Seat* seat = find(id);
  if (seat->process_end) {
    // This process may have stood still for longer than the grace, and timers come before
    // descriptors: what the processor said is read before the next time.
    if (std::exchange(seat->last_look, true)) return finish(id);
    seat->timer->start(1ms);
    return;
  }
  log::warning("Processor[{}] closed its channel but runs on, send SIGKILL.", seat->pid);
  seat->cut_off = true;
  signal_process(seat->pid, SIGKILL);
}

void ProcessorHost::finish(agent::ProcessorId id) {
  const auto found = seats_.find(id);
  if (found == seats_.end()) return;
  const std::unique_ptr<Seat> seat = std::move(found->second);
  seats_.erase(found);
  agent::ProcessorEnd end;
  end.text = "the end of its channel";
  if (seat->process_end && !seat->cut_off) {
    end.exit_code = seat->process_end->code;
    end.signal = seat->process_end->signal;
    end.text = seat->process_end->describe();
    if (end.signal == SIGKILL && !seat->killed && memory_events_.killed_since())
      end.text += ", probably because the machine ran out of memory";
  }
  events_.on_ended(id, end);
}

}  // namespace scaler::roles
