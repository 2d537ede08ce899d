#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scaler/base/address.hpp"
#include "scaler/base/log.hpp"

// One struct per role: what its command line and its TOML section say, after validation. Units are
// in the names.
namespace scaler::config {

enum class LogFormat : std::uint8_t { text, json };
enum class LogTime : std::uint8_t { local, utc };

struct LoggingOptions {
  std::vector<std::string> paths{"/dev/stdout"};
  std::string config_file;
  log::Level level = log::Level::info;
  LogFormat format = LogFormat::text;
  LogTime time = LogTime::local;
};

// PEM files, both or none: a certificate with those that signed it, and its private key.
struct TlsOptions {
  std::string cert;
  std::string key;
};

enum class AllocatePolicy : std::uint8_t { even_load, capability };
enum class ScalingPolicy : std::uint8_t { no, vanilla, capability, waterfall };

struct WaterfallRule {
  std::int64_t priority = 0;  // the lowest is used first
  std::string worker_manager_id;
  std::optional<std::int64_t> max_task_concurrency;  // none: the manager's own limit
};

// The policy strings, parsed (parse_policy in commands.hpp).
struct PolicyOptions {
  AllocatePolicy allocate = AllocatePolicy::even_load;
  ScalingPolicy scaling = ScalingPolicy::vanilla;
  std::vector<WaterfallRule> waterfall;  // in the order of the text; only with its scaling
};

struct SchedulerOptions {
  Address bind_address;
  std::optional<Address> object_storage_address;  // none: the scheduler serves one on port + 1
  std::optional<Address> advertised_object_storage_address;  // none: the object storage address
  std::optional<Address> monitor_address;                    // none: port + 2
  bool is_protected = false;
  std::int64_t max_number_of_tasks_waiting = -1;
  std::int64_t client_timeout_seconds = 60;
  std::int64_t worker_timeout_seconds = 60;
  std::int64_t object_retention_seconds = 60;
  std::int64_t load_balance_seconds = 1;  // below 0: never
  std::int64_t load_balance_trigger_times = 2;
  std::string event_loop = "builtin";
  std::int64_t io_threads = 1;
  std::string policy_engine_type = "simple";
  std::string policy_content = "allocate=even_load; scaling=vanilla";
  PolicyOptions policy;                           // the two strings above, parsed
  std::vector<std::string> adapter_webhook_urls;  // of older worker adapters, each with a host
  TlsOptions tls = {};
  LoggingOptions logging;
};

struct StoreOptions {
  Address bind_address;
  std::string identity = "ObjectStorageServer";
  std::int64_t memory_limit_bytes = 0;  // 0: no limit
  std::string spill_directory;          // empty: none
  TlsOptions tls = {};
  LoggingOptions logging;
};

// What a worker manager passes on to each worker.
struct WorkerTuning {
  std::string per_worker_capabilities;  // "linux,cpu=4", checked
  std::int64_t per_worker_task_queue_size = 1000;
  std::int64_t heartbeat_interval_seconds = 2;
  std::int64_t task_timeout_seconds = 0;
  std::int64_t death_timeout_seconds = 300;
  std::int64_t garbage_collect_interval_seconds = 30;
  std::int64_t trim_memory_threshold_bytes = 1073741824;
  bool hard_processor_suspend = false;
  std::int64_t io_threads = 1;
  std::string event_loop = "builtin";
  std::string preload;
  std::string python_env;  // a virtual environment's folder; none: VIRTUAL_ENV
  std::string python;      // another interpreter that runs the tasks; none: the embedded one
  std::int64_t task_memory_limit_bytes = 0;  // 0: none
  std::int64_t task_cpu_limit_seconds = 0;   // 0: none
};

enum class ManagerMode : std::uint8_t { dynamic, fixed };

// Of aws_raw_ecs. Keys may be empty: they are found where AWS's own tools find them.
struct EcsOptions {
  std::string access_key_id;
  std::string secret_access_key;
  std::string region;
  std::vector<std::string> subnets;
  std::vector<std::string> security_groups;  // none: the network's default
  std::string cluster;
  std::string task_image;
  std::string python_requirements;
  std::string python_version;
  std::string task_definition;
  std::int64_t task_cpu = 4;
  std::int64_t task_memory_gb = 30;
  bool is_image_given = false;  // not only by default
  bool is_size_given = false;
};

struct WorkerManagerOptions {
  std::string kind = "baremetal_native";
  Address scheduler_address;
  std::string worker_manager_id;
  std::optional<Address> worker_scheduler_address;
  std::optional<Address> object_storage_address;
  std::int64_t max_task_concurrency = 1;  // -1: no limit
  ManagerMode mode = ManagerMode::dynamic;
  std::string worker_type;                // none: FIX or NAT by mode
  std::vector<std::string> worker_names;  // one for each worker; none: worker_type names them all
  TlsOptions tls = {};                    // its own and its workers'
  EcsOptions ecs = {};                    // of that kind
  WorkerTuning tuning;
  LoggingOptions logging;
};

// The kinds of worker managers that this build can start.
bool can_start(std::string_view manager_kind);

// An older worker adapter: an HTTP server whose scheduler asks it for workers.
struct AdapterOptions {
  std::string kind;  // "native", "symphony", "ecs"
  Address scheduler_address;
  std::optional<Address> object_storage_address;
  std::string web_host = "localhost";
  std::uint16_t web_port = 8080;            // 0: any free one
  std::optional<std::int64_t> max_workers;  // always there after parsing; -1: no limit
  WorkerTuning tuning;
  LoggingOptions logging;
};

// The hidden command `scaler worker`, which a manager starts once per worker.
struct WorkerOptions {
  Address scheduler_address;
  std::optional<Address> object_storage_address;
  std::string worker_id;
  std::string worker_manager_id;
  TlsOptions tls = {};
  WorkerTuning tuning;
  LoggingOptions logging;
};

enum class Inquiry : std::uint8_t { status, workers, tasks, why, drain };

// A question to a running scheduler.
struct InquiryOptions {
  Inquiry about = Inquiry::status;
  Address address;
  std::string subject;  // why: a task's id; drain: a worker's id or a part of it
  bool json = false;
  double timeout_seconds = 5;
  // tasks: which; empty: any
  std::string state;  // "waiting", "running", "canceling"
  std::string client;
  std::string worker;
  std::int64_t limit = 100;
};

struct TopOptions {
  Address monitor_address;
  double timeout_seconds = 5;
  bool once = false;  // one picture as text, and the end
  bool json = false;  // one state as JSON, and the end
  TlsOptions tls = {};
};

struct GuiOptions {
  Address monitor_address;
  std::string gui_address = "0.0.0.0:50001";  // host:port
  std::vector<std::string> allowed_origins;  // of pages that may listen too: "https://dash.example"
  TlsOptions tls = {};
  LoggingOptions logging;
};

}  // namespace scaler::config
