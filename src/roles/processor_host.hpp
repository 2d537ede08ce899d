#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "roles/memory_events.hpp"
#include "scaler/agent/worker_agent.hpp"
#include "scaler/net/channel.hpp"
#include "scaler/net/loop.hpp"
#include "scaler/net/process.hpp"
#include "scaler/net/timer.hpp"
#include "scaler/net/watcher.hpp"

namespace scaler::roles {

// The processes of one worker: the zygote, and the processors that it forks for us. A processor is
// a channel, an eventfd that resumes it, and, from its first frame on, a pid; by then it is our
// child, because this process is a subreaper. The zygote's death harms no processor; it is started
// again. Callbacks come from the loop or from inside kill(); they must not call back at once.
class ProcessorHost {
 public:
  struct Events {
    std::function<void(agent::ProcessorId, agent::FromProcessor)> on_message;
    // It has a large result: lend() has to follow, at once or later.
    std::function<void(agent::ProcessorId, std::uint64_t bytes)> on_file_wanted;
    // Once per processor, when its process and its channel have ended.
    std::function<void(agent::ProcessorId, const agent::ProcessorEnd&)> on_ended;
  };
  // `zygote` runs the zygote; it gets its control socket as descriptor 3.
  ProcessorHost(net::Loop& loop, net::Children& children, net::SpawnOptions zygote, Events events);
  ~ProcessorHost();  // kills what is left

  // When the zygote cannot work, the processor says ProcessorFailed and ends.
  void start(agent::ProcessorId id);
  void tell(agent::ProcessorId id, const agent::ToProcessor& message);
  // Objects that lie in memory files of the store's are given as files, and results may come in
  // them; on_message has nothing but payloads. `file`: what clientio::StoreConnection::borrow
  // brought.
  void lend(agent::ProcessorId id, const Bytes& file);
  void suspend(agent::ProcessorId id, bool hard);
  void resume(agent::ProcessorId id, bool hard);
  // SIGKILL, or SIGTERM and `patience` later SIGKILL.
  void kill(agent::ProcessorId id, Duration patience);

  // Those whose pid is known and that have not ended.
  std::vector<std::pair<agent::ProcessorId, int>> pids() const;

 private:
  struct Zygote;
  struct Seat;

  void spawn_zygote();
  void on_zygote_not_started(const std::string& why);
  void retry_zygote();
  void on_zygote_said();
  void on_zygote_ended(const net::ExitStatus& status);
  void refuse_waiting(const std::string& reason);
  Status request_fork(agent::ProcessorId id, Seat& seat);

  void give(Seat& seat, const agent::GiveObject& object);
  bool on_file_word(agent::ProcessorId id, Seat& seat, agent::FromProcessor& message);
  void on_broken_channel(const Seat& seat, std::string_view why);
  void on_frame(agent::ProcessorId id, Bytes frame);
  void on_channel_end(agent::ProcessorId id);
  void on_process_end(agent::ProcessorId id, const net::ExitStatus& status);
  void on_grace_over(agent::ProcessorId id);
  void finish(agent::ProcessorId id);
  Seat* find(agent::ProcessorId id);

  net::Loop& loop_;
  net::Children& children_;
  net::SpawnOptions zygote_options_;
  Events events_;
  std::unique_ptr<Zygote> zygote_;
  unsigned zygote_failures_ = 0;  // in a row, before it was ready
  net::Timer zygote_retry_;
  std::map<agent::ProcessorId, std::unique_ptr<Seat>> seats_;
  std::deque<agent::ProcessorId> waiting_;  // for the zygote
  MemoryEvents memory_events_;
};

}  // namespace scaler::roles
