#include "config/stack_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <map>

#include "config/conversions.hpp"
#include "config/sections.hpp"
#include "config/settings.hpp"
#include "config/tables.hpp"
#include "config/text.hpp"
#include "config/value.hpp"

namespace scaler::config {
namespace {

constexpr std::string_view not_built = "this build does not have it yet, skipped";
constexpr std::string_view native_kind = "native";  // of the older adapters
constexpr std::string_view needs_terminal = "needs a terminal, start scaler_top there";

// Why this build cannot start such workers; empty when it can.
std::string missing_for(const WorkerManagerOptions& options) {
  if (!can_start(options.kind)) return fmt::format("kind {}: {}", options.kind, not_built);
  return {};
}

// A section's values as a command line that gives the same again.
void add_values(const Table& table, const Settings& settings, StackProcess& process) {
  std::vector<std::string> positionals;
  for (const Option& option : table.options) {
    const Settings::Entry* entry = settings.find(option.name);
    if (entry == nullptr || entry->origin != Origin::toml) continue;
    for (std::string& text : texts_of(entry->value)) {
      if (!option.environment.empty()) {
        process.environment.emplace_back(option.environment, std::move(text));
      } else if (option.positional) {
        positionals.push_back(std::move(text));
      } else {
        process.words.push_back(fmt::format("--{}={}", option.name, text));
      }
    }
  }
  process.words.insert(process.words.end(), positionals.begin(), positionals.end());
}

// The same listener as others are told of it: a host that a scheduler replaces by its machine's.
Address to_tell(Address address) {
  if (address.host == "*") address.host = "0.0.0.0";
  return address;
}

// Sections that a file may have once.
bool is_single(std::string_view name) {
  constexpr std::array singles = {"scheduler",
                                  "object_storage_server",
                                  "top",
                                  "gui",
                                  "webui",
                                  "cluster",
                                  "native_worker_adapter",
                                  "symphony_worker_adapter",
                                  "ecs_worker_adapter"};
  return std::find(singles.begin(), singles.end(), name) != singles.end();
}

unsigned line_of(const TomlSection& section, const Table& table, std::string_view option) {
  for (const TomlEntry& entry : section.entries)
    if (const Option* found = find_key(table, entry.key); found && found->name == option)
      return entry.line;
  return section.line;
}

class StackReader {
 public:
  StackReader(const TomlDocument& document, const Machine& machine)
      : document_(document), machine_(machine) {}

  StackReading read() {
    reading_.notes = notes_on_unknown_sections(document_);
    for (const TomlSection& section : document_.sections) read_any(section);
    join_scheduler_and_store();
    std::stable_sort(reading_.errors.begin(), reading_.errors.end(),
                     [this](const Error& left, const Error& right) {
                       return finding_line(left.text, document_.file) <
                              finding_line(right.text, document_.file);
                     });
    mark_shared_streams();
    for (Placed& placed : processes_) reading_.processes.push_back(std::move(placed.process));
    std::stable_sort(reading_.processes.begin(), reading_.processes.end(),
                     [](const auto& left, const auto& right) { return left.part < right.part; });
    return std::move(reading_);
  }

 private:
  struct Placed {
    StackProcess process;
    LoggingOptions logging;
  };
  struct Listener {
    Address address;
    unsigned line;
  };

  void read_any(const TomlSection& section) {
    const std::string name = key_of(section.name);
    if (name == "worker_manager") return read_manager(section);
    const bool single = is_single(name);
    if (single) {
      if (const auto [first, is_new] = seen_.emplace(name, section.line); !is_new)
        return fail(section, fmt::format("a second [[{}]] section, where one is expected", name));
    }
    if (name == "scheduler") return read_scheduler(section);
    if (name == "object_storage_server") return read_store(section);
    if (name == "cluster") return read_cluster(section);
    if (name == "top") return skip(section, top_table(), log::Level::info, needs_terminal);
    if (name == "gui") return read_screen(section, gui_table(), gui_of, "gui");
    if (name == "webui") return read_screen(section, ui_table(), ui_of, "ui");
    for (const Table& table : adapter_tables())
      if (name == table.sections.front()) return read_adapter(section, table);
    if (name == "worker")
      remark(section, "[worker]", log::Level::info, "read by scaler_worker alone, skipped");
  }

  void read_scheduler(const TomlSection& section) {
    const auto settings = settings_of(scheduler_table(), section, [&](const Settings& found) {
      listen(section, scheduler_table(), found, "bind-address");
      listen(section, scheduler_table(), found, "monitor-address");
    });
    if (!settings) return;
    auto options = scheduler_of(*settings);
    if (!options) return reading_.errors.push_back(std::move(options.error()));
    scheduler_ = std::move(*options);
    scheduler_line_ = section.line;
    start(section, "[scheduler]", scheduler_table(), *settings, scheduler_->logging,
          {.name = "scheduler", .part = Part::scheduler, .words = {"scheduler"}});
  }

  void read_store(const TomlSection& section) {
    const auto settings = settings_of(store_table(), section, [&](const Settings& found) {
      listen(section, store_table(), found, "bind-address");
    });
    if (!settings) return;
    store_ = store_of(*settings, reading_.notes);
    start(
        section, "[object_storage_server]", store_table(), *settings, store_->logging,
        {.name = "store", .part = Part::object_storage_server, .words = {"object_storage_server"}});
  }

  void read_cluster(const TomlSection& section) {
    auto settings = settings_of(cluster_table(), section);
    if (!settings) return;
    const auto options = cluster_of(*settings, machine_, reading_.notes);
    start(section, "[cluster]", cluster_table(), *settings, options.logging,
          {.name = "cluster", .part = Part::worker_manager, .words = {"cluster"}});
  }

  void read_manager(const TomlSection& section) {
    const std::string kind = text_in(section, "type");
    const Table* table = manager_table(kind);
    if (table == nullptr) return fail(section, fmt::format("type: {}", unknown_kind(kind).text));
    const auto settings =
        settings_of(*table, section, [&](const Settings& found) { name_manager(section, found); });
    if (!settings) return;
    const auto options = manager_of(*table, *settings, machine_, reading_.notes);
    const std::string& id = options.worker_manager_id;
    const std::string title = fmt::format("[[worker_manager]] {}", printable(id));
    if (const std::string missing = missing_for(options); !missing.empty())
      return remark(section, title, log::Level::warning, missing);
    start(section, title, *table, *settings, options.logging,
          {.name = id, .part = Part::worker_manager, .words = {"worker_manager", kind}});
  }

  void read_adapter(const TomlSection& section, const Table& table) {
    auto settings = settings_of(table, section);
    if (!settings) return;
    const AdapterOptions options = adapter_of(table, *settings, machine_);
    const std::string title = fmt::format("[{}]", section.name);
    if (options.kind != native_kind) return remark(section, title, log::Level::warning, not_built);
    listen_at(section, table, *settings, "adapter-web-port",
              {Address::Scheme::tcp, options.web_host, options.web_port, {}});
    start(section, title, table, *settings, options.logging,
          {.name = "adapter", .part = Part::worker_manager, .words = {"worker_adapter_native"}});
  }

  void read_screen(const TomlSection& section, const Table& table,
                   GuiOptions (*convert)(const Settings&), const char* command) {
    auto settings = settings_of(table, section);
    if (!settings) return;
    const GuiOptions options = convert(*settings);
    start(section, fmt::format("[{}]", section.name), table, *settings, options.logging,
          {.name = "gui", .part = Part::screen, .words = {command}});
  }

  // Checks a section that no process comes from.
  void skip(const TomlSection& section, const Table& table, log::Level level,
            std::string_view why) {
    if (settings_of(table, section)) remark(section, fmt::format("[{}]", section.name), level, why);
  }

  void remark(const TomlSection& section, std::string title, log::Level level,
              std::string_view why) {
    reading_.skipped.push_back(
        {level, fmt::format("{}:{}: {}: {}", document_.file, section.line, title, why)});
    reading_.sections.push_back({std::move(title), section.line, std::string(why)});
  }

  // The section's values, if all of it is right. `compare` looks at what is there either way, to
  // find what is wrong beside other sections.
  std::optional<Settings> settings_of(
      const Table& table, const TomlSection& section,
      const std::function<void(const Settings&)>& compare = [](const Settings&) {}) {
    SectionReading found = read_section(table, document_, section, machine_);
    std::move(found.notes.begin(), found.notes.end(), std::back_inserter(reading_.notes));
    std::move(found.errors.begin(), found.errors.end(), std::back_inserter(reading_.errors));
    const std::size_t errors = reading_.errors.size();
    compare(found.settings);
    if (!found.errors.empty() || reading_.errors.size() != errors) return std::nullopt;
    return std::move(found.settings);
  }

  // Two managers of one file cannot have the same id.
  void name_manager(const TomlSection& section, const Settings& settings) {
    if (!settings.has("worker-manager-id")) return;
    const std::string id = settings.text("worker-manager-id");
    if (const auto [first, is_new] = manager_ids_.emplace(id, section.line); !is_new)
      reading_.errors.push_back(settings.error_at(
          "worker-manager-id", fmt::format("'{}' is the id of the section in line {} too",
                                           printable(id), first->second)));
  }

  void start(const TomlSection& section, std::string title, const Table& table,
             const Settings& settings, const LoggingOptions& logging, StackProcess process) {
    add_values(table, settings, process);
    reading_.sections.push_back({std::move(title), section.line, {}});
    processes_.push_back({std::move(process), logging});
  }

  void fail(const TomlSection& section, std::string_view why) {
    reading_.errors.push_back(
        {Errc::usage, fmt::format("{}:{}: {}", document_.file, section.line, why)});
  }

  void listen(const TomlSection& section, const Table& table, const Settings& settings,
              std::string_view option) {
    if (const auto address = settings.find_address(option))
      listen_at(section, table, settings, option, *address);
  }

  // Two listeners of one file cannot have the same address.
  void listen_at(const TomlSection& section, const Table& table, const Settings& settings,
                 std::string_view option, const Address& address) {
    if (address.has_port() && address.port == 0) return;
    const auto before = std::find_if(listeners_.begin(), listeners_.end(),
                                     [&](const Listener& one) { return one.address == address; });
    if (before != listeners_.end())
      reading_.errors.push_back(settings.error_at(
          option,
          fmt::format("{} is the address in line {} too", address.to_string(), before->line)));
    listeners_.push_back({address, line_of(section, table, option)});
  }

  // A scheduler that names no object storage server uses the one of its own file.
  void join_scheduler_and_store() {
    if (!scheduler_ || !store_ || scheduler_->object_storage_address) return;
    const Address& bound = store_->bind_address;
    if (!bound.has_port() || bound.port == 0)
      return reading_.errors.push_back(
          {Errc::usage, fmt::format("{}:{}: object_storage_address: missing in [scheduler], since "
                                    "[object_storage_server] has no fixed port",
                                    document_.file, scheduler_line_)});
    for (Placed& placed : processes_) {
      if (placed.process.part != Part::scheduler) continue;
      auto& words = placed.process.words;
      const auto behind_name = words.begin() + 1;
      if (!scheduler_->advertised_object_storage_address)
        words.insert(behind_name, fmt::format("--advertised-object-storage-address={}",
                                              to_tell(bound).to_string()));
      words.insert(words.begin() + 1,
                   fmt::format("--object-storage-address={}", reachable(bound).to_string()));
    }
  }

  void mark_shared_streams() {
    std::map<std::string, int> writers{{"/dev/stdout", 1}};  // the launcher itself
    const auto name_of = [](const std::string& path) {
      return path == "-" ? std::string("/dev/stdout") : path;
    };
    for (const Placed& placed : processes_)
      for (const std::string& path : placed.logging.paths) ++writers[name_of(path)];
    for (Placed& placed : processes_) {
      const std::vector<std::string>& paths = placed.logging.paths;
      placed.process.shares_stream =
          !placed.logging.config_file.empty() ||
          std::any_of(paths.begin(), paths.end(),
                      [&](const std::string& path) { return writers[name_of(path)] > 1; });
    }
  }

  const TomlDocument& document_;
  const Machine& machine_;
  StackReading reading_;
  std::vector<Placed> processes_;
  std::vector<Listener> listeners_;
  std::map<std::string, unsigned> seen_;
  std::map<std::string, unsigned> manager_ids_;
  std::optional<SchedulerOptions> scheduler_;
  std::optional<StoreOptions> store_;
  unsigned scheduler_line_ = 0;
};

}  // namespace

unsigned finding_line(std::string_view text, std::string_view file) {
  unsigned line = 0;
  if (!text.starts_with(file) || text.size() == file.size()) return line;
  std::from_chars(text.data() + file.size() + 1, text.data() + text.size(), line);
  return line;
}

StackReading read_stack(const TomlDocument& document, const Machine& machine) {
  return StackReader(document, machine).read();
}

}  // namespace scaler::config
