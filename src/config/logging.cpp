#include "scaler/config/logging.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <utility>

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
  std::uint64_t lost = 0;  // lines in a row that could not be written
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

// How a line ends up in a target, by its format and its reader.
class Line {
 public:
  Line(const Output& output, log::Level level, std::string_view text, std::time_t now);
  std::string in(const Target& target) const;

 private:
  log::Level level_;
  std::time_t now_;
  std::string safe_;
  std::string plain_;
  bool json_;
};

Line::Line(const Output& output, log::Level level, std::string_view text, std::time_t now)
    : level_(level), now_(now), safe_(harmless(text)), json_(output.format == LogFormat::json) {
  if (!output.component.empty()) safe_ = fmt::format("{}: {}", output.component, safe_);
  const auto zone = output.time == LogTime::utc ? log::Zone::utc : log::Zone::local;
  plain_ = json_ ? json_line({level, text, output.component, zone})
                 : log::format_line(level, safe_, now, zone);
}

std::string Line::in(const Target& target) const {
  return (target.pattern              ? target.pattern->render(level_, safe_, now_)
          : target.coloured && !json_ ? coloured(level_, plain_)
                                      : plain_) +
         '\n';
}

// Logging must not stop a role, and must not fail unseen either.
void tell_standard_error(const Target& target, int error) {
  if (target.file.is_same_as(STDERR_FILENO)) return;
  const std::string line = fmt::format("cannot log to {}: {}; lines are lost until that ends\n",
                                       harmless(target.file.path()), std::strerror(error));
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

void put(const Output& output, Target& target, const Line& line, std::time_t now) {
  if (!target.file.write(line.in(target), now)) {
    if (const int error = errno; target.lost++ == 0) tell_standard_error(target, error);
    return;
  }
  if (const std::uint64_t lost = std::exchange(target.lost, 0); lost > 0)
    target.file.write(Line(output, log::Level::warning,
                           fmt::format("before this, {} line{} could not be written here", lost,
                                       lost == 1 ? "" : "s"),
                           now)
                          .in(target),
                      now);
}

void write(Output& output, log::Level level, std::string_view text) {
  const std::time_t now = std::time(nullptr);
  const Line line(output, level, text, now);
  for (Target& target : output.targets)
    if (level >= target.level) put(output, target, line, now);
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
  for (Target& target : installed()->targets)
    if (Status opened = target.file.reopen(std::time(nullptr)); !opened)
      log::warning("{}", opened.error().text);
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
