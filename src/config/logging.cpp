#include "scaler/config/logging.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <memory>

#include "config/log_conf.hpp"
#include "config/log_file.hpp"
#include "config/log_json.hpp"
#include "config/log_pattern.hpp"
#include "scaler/config/machine.hpp"

namespace scaler::config {
namespace {

struct Target {
  LogFile file;
  log::Level level = log::Level::debug;
  std::optional<LogPattern> pattern;
  bool coloured = false;
};

struct Output {
  std::vector<Target> targets;
  std::vector<std::string> names;  // as the first line shows them
  log::Level level = log::Level::info;
  std::vector<std::string> warnings;
  std::string component;
  LogFormat format = LogFormat::text;
  LogTime time = LogTime::local;
};

// The sink is a property of the process (base/log), and so is what it writes to.
std::shared_ptr<Output>& installed() {
  static std::shared_ptr<Output> output;
  return output;
}

bool wants_colour(const LogFile& file) {
  const char* terminal = std::getenv("TERM");
  return file.is_terminal() && std::getenv("NO_COLOR") == nullptr && terminal != nullptr &&
         std::string_view(terminal) != "dumb";
}

std::string_view colour_of(log::Level level) {
  switch (level) {
    case log::Level::debug:
      return "\033[2m";
    case log::Level::info:
      return "\033[32m";
    case log::Level::warning:
      return "\033[33m";
    case log::Level::error:
    case log::Level::critical:
      return "\033[31m";
  }
  return "";
}

// Bytes that a peer chose may be in the text; only line breaks and tabs reach the terminal as such.
std::string harmless(std::string_view text) {
  std::string safe;
  safe.reserve(text.size());
  for (char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if ((byte < 0x20 && letter != '\n' && letter != '\t') || byte == 0x7f) {
      safe += fmt::format("\\x{:02x}", byte);
    } else {
      safe += letter;
    }
  }
  return safe;
}

// "[INFO]2026-..." with the tag in colour.
std::string coloured(log::Level level, const std::string& line) {
  const std::size_t end = line.find(']');
  if (end == std::string::npos) return line;
  return fmt::format("{}{}\033[0m{}", colour_of(level), line.substr(0, end + 1),
                     line.substr(end + 1));
}

// Processors write lines of their own, in Python, of the same form.
void tell_children(const LoggingOptions& options) {
  setenv("SCALER_LOG_FORMAT", options.format == LogFormat::json ? "json" : "text", 1);
  setenv("SCALER_LOG_TIME", options.time == LogTime::utc ? "utc" : "local", 1);
  if (options.config_file.empty())
    unsetenv("SCALER_LOG_CONFIG");
  else
    setenv("SCALER_LOG_CONFIG", expand_path(options.config_file).c_str(), 1);
}

void write(Output& output, log::Level level, std::string_view text) {
  const std::time_t now = std::time(nullptr);
  std::string safe = harmless(text);
  if (!output.component.empty()) safe = fmt::format("{}: {}", output.component, safe);
  const auto zone = output.time == LogTime::utc ? log::Zone::utc : log::Zone::local;
  const bool json = output.format == LogFormat::json;
  const std::string plain = json ? json_line({level, text, output.component, zone})
                                 : log::format_line(level, safe, now, zone);
  for (Target& target : output.targets) {
    if (level < target.level) continue;
    std::string line = target.pattern             ? target.pattern->render(level, safe, now)
                       : target.coloured && !json ? coloured(level, plain)
                                                  : plain;
    line += '\n';
    target.file.write(line, now);
  }
}

Status add_target(Output& output, const std::string& path, log::Level level,
                  std::optional<LogPattern> pattern) {
  const std::string expanded = expand_path(path);
  SCALER_TRY(file, LogFile::open(expanded, std::time(nullptr)));
  const bool colour = wants_colour(file);
  output.targets.push_back({std::move(file), level, std::move(pattern), colour});
  output.names.push_back(expanded);
  return ok();
}

Status add_conf(Output& output, const std::string& path) {
  const std::string file = expand_path(path);
  SCALER_TRY(text, Machine::real().read_file(file));
  SCALER_TRY(conf, parse_log_conf(file, text));
  for (LogConf::Target& target : conf.targets)
    SCALER_CHECK(add_target(output, target.path, target.level, std::move(target.pattern)));
  output.level = conf.level;
  output.warnings = std::move(conf.warnings);
  return ok();
}

Status add_paths(Output& output, const LoggingOptions& options) {
  for (const std::string& path : options.paths)
    SCALER_CHECK(add_target(output, path, log::Level::debug, std::nullopt));
  output.level = options.level;
  return ok();
}

}  // namespace

Status install_logging(const LoggingOptions& options, std::string component) {
  auto output = std::make_shared<Output>();
  output->component = std::move(component);
  output->format = options.format;
  output->time = options.time;
  tell_children(options);
  if (options.config_file.empty()) {
    SCALER_CHECK(add_paths(*output, options));
  } else {
    SCALER_CHECK(add_conf(*output, options.config_file));
  }
  installed() = output;
  log::set_level(output->level);
  log::set_sink([output](log::Level level, std::string_view text) { write(*output, level, text); });
  for (const std::string& warning : output->warnings) log::warning("{}", warning);
  return ok();
}

void reopen_logs() {
  if (installed() == nullptr) return;
  for (Target& target : installed()->targets) target.file.reopen(std::time(nullptr));
}

void report_failure(std::string_view command, std::string_view text) {
  log::error("{}: {}", command, text);
  const std::shared_ptr<Output>& output = installed();
  if (output == nullptr) return;
  for (const Target& target : output->targets)
    if (target.file.is_same_as(STDERR_FILENO)) return;
  const std::string line = fmt::format("{}: {}\n", command, harmless(text));
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

void log_startup_lines(const LoggingOptions& options, std::string_view event_loop) {
  const std::shared_ptr<Output>& output = installed();
  log::info("{}", lines::logging_to(output == nullptr ? options.paths : output->names));
  log::info("{}", lines::event_loop(event_loop));
}

}  // namespace scaler::config
