#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>

#include "scaler/cloud/driver.hpp"
#include "scaler/http/json.hpp"

namespace scaler::cloud {

struct EcsOptions {
  std::string cluster;
  std::string definition;  // the family
  std::string image;
  std::uint64_t cpus = 4;
  std::uint64_t memory_gb = 30;
  // Whether a definition that is there must have this image, this size; else it is used as it is.
  bool insists_on_image = false;
  bool insists_on_size = false;
  std::vector<std::string> subnets;
  std::vector<std::string> security_groups;  // none: the network's default
  std::string owner;                         // the manager's mark on its tasks, startedBy
  std::string manager_id;                    // for the reason of a stop
  std::string requirements;                  // for the image's entry script
  std::string python_version;
  std::function<std::string(const UnitPlan& unit)> command;  // a shell line, run in the container
};

// A mark that tells the tasks of one manager from those of all others: of the id, and of what else
// makes two managers with the same id two.
std::string owner_mark(const std::string& manager_id, const std::string& rest);
// One Python requirement a line, of text that may join them with ';' too. Environment markers
// stay where they are.
std::string requirement_lines(const std::string& text);

// Units are Fargate tasks. See Driver.
class EcsDriver final : public Driver {
 public:
  using Submit = std::function<Ticket(ApiCall)>;
  EcsDriver(EcsOptions options, Submit submit);

  void begin(TimePoint now) override;
  void start_unit(const UnitPlan& unit, TimePoint now) override;
  void stop_unit(const std::string& name, TimePoint now) override;
  void finish(TimePoint now) override;
  void on_outcome(const ApiOutcome& outcome, TimePoint now) override;
  void on_deadline(TimePoint now) override;
  std::optional<TimePoint> next_deadline() const override;
  std::vector<CloudEvent> take_events() override { return std::exchange(events_, {}); }

 private:
  struct Task {
    std::uint64_t workers = 1;
    std::string arn;  // empty: RunTask is not answered
    bool is_running = false;
    bool is_stopping = false;  // as soon as there is an arn, a StopTask is under way
    TimePoint since{};         // of the arn
  };
  using Tasks = std::map<std::string, Task, std::less<>>;  // by unit
  // Called with the outcome; what it is about was captured.
  using Then = std::function<void(const ApiOutcome& outcome, TimePoint now)>;

  void call(std::string operation, std::string body, Then then, unsigned tries = 8,
            Service service = Service::ecs);
  // A step of the set-up, which is tried for ever; a refusal ends it, unless `refused` knows
  // better.
  void set_up(Service service, std::string operation, std::string body,
              std::function<void(const std::string& answer)> then,
              std::function<bool(const ApiFailure& failure)> refused = nullptr);
  void fail_set_up(std::string why);

  void ensure_cluster();
  void ensure_definition();
  void use_definition(const std::string& answer);
  void find_role();
  void create_role();
  void attach_policy(const std::string& role);
  void register_definition(const std::string& execution_role, const std::string& task_role);
  void begin_first_look();

  void look(TimePoint now);
  void list_tasks(const std::string& page);
  void on_list(const ApiOutcome& outcome, TimePoint now);
  void describe_all(TimePoint now);
  void on_description(const ApiOutcome& outcome, TimePoint now);
  void take_task(const http::Json& task, TimePoint now);
  Tasks::iterator meet(UnitPlan unit, const std::string& arn, TimePoint now);
  void take_missing(const http::Json& failure, TimePoint now);
  void after_look(TimePoint now);

  std::string run_request(const std::string& name, const Task& task) const;
  void on_run(const std::string& name, const ApiOutcome& outcome, TimePoint now);
  void request_stop(const std::string& name);
  void on_stopped(const std::string& name, const ApiOutcome& outcome);
  void end(Tasks::iterator task, bool well, std::string why);
  Tasks::iterator find_arn(std::string_view arn);
  void sweep_further(TimePoint now);

  enum class Phase : std::uint8_t { setting_up, works, sweeping, swept };

  EcsOptions options_;
  Submit submit_;
  Phase phase_ = Phase::setting_up;
  std::map<Ticket, Then> waiting_;
  std::vector<CloudEvent> events_;
  Tasks tasks_;
  // How often each unit was refused for good: a token that was refused is not used again.
  std::map<std::string, unsigned, std::less<>> refusals_;
  std::string definition_arn_;
  std::string container_ = "scaler-container";
  std::uint64_t workers_per_unit_ = 1;

  std::optional<TimePoint> look_at_;  // while no look is under way
  bool is_looking_ = false;
  std::size_t descriptions_ = 0;  // under way
  std::set<std::string> listed_;  // arns, of this look
  unsigned pages_ = 0;
  TimePoint begun_{};
  bool has_looked_again_ = false;  // after all was told to stop
  std::set<std::string> left_;     // arns that could not be stopped
};

}  // namespace scaler::cloud
