#include <fmt/format.h>

#include <map>

#include "config/text.hpp"
#include "scaler/config/commands.hpp"

namespace scaler::config {
namespace {

constexpr std::size_t rules_max = 10000;

Error wrong(std::string text) { return {Errc::usage, std::move(text)}; }

Status set_allocate(std::string_view value, PolicyOptions& policy) {
  if (value == "even_load") {
    policy.allocate = AllocatePolicy::even_load;
  } else if (value == "capability") {
    policy.allocate = AllocatePolicy::capability;
  } else {
    return wrong(fmt::format("allocate: '{}' is not allowed (one of even_load, capability)",
                             printable(value)));
  }
  return ok();
}

Status set_scaling(std::string_view value, PolicyOptions& policy) {
  if (value == "no") {
    policy.scaling = ScalingPolicy::no;
  } else if (value == "vanilla") {
    policy.scaling = ScalingPolicy::vanilla;
  } else if (value == "capability") {
    policy.scaling = ScalingPolicy::capability;
  } else {
    return wrong(fmt::format("scaling: '{}' is not allowed (one of no, vanilla, capability)",
                             printable(value)));
  }
  return ok();
}

// Pieces without "=" are ignored and the last of two equal keys counts, as with the peer.
Result<PolicyOptions> parse_simple(std::string_view content) {
  std::map<std::string, std::string, std::less<>> pairs;
  for (const std::string& piece : split_at(content, ';')) {
    const std::size_t equals = piece.find('=');
    if (equals == std::string::npos) continue;
    pairs[std::string(trimmed(std::string_view(piece).substr(0, equals)))] =
        trimmed(std::string_view(piece).substr(equals + 1));
  }
  for (const auto& [key, value] : pairs)
    if (key != "allocate" && key != "scaling")
      return wrong(
          fmt::format("'{}' is not a policy key (allocate and scaling are)", printable(key)));
  for (const char* key : {"allocate", "scaling"})
    if (!pairs.contains(key))
      return wrong(
          fmt::format("'{}' lacks {} (expected for example allocate=even_load; "
                      "scaling=vanilla)",
                      printable(content), key));
  PolicyOptions policy;
  SCALER_CHECK(set_allocate(pairs["allocate"], policy));
  SCALER_CHECK(set_scaling(pairs["scaling"], policy));
  return policy;
}

Result<WaterfallRule> parse_rule(std::string_view line) {
  const std::vector<std::string> fields = split_at(line, ',');
  if (fields.size() < 2 || fields.size() > 3)
    return wrong(
        fmt::format("'{}' has {} field{}, expected "
                    "priority,worker_manager_id,max_task_concurrency",
                    printable(line), fields.size(), fields.size() == 1 ? "" : "s"));
  WaterfallRule rule;
  const std::optional<std::int64_t> priority = parse_integer(fields[0]);
  if (!priority)
    return wrong(fmt::format("priority '{}' is not a whole number", printable(trimmed(fields[0]))));
  rule.priority = *priority;
  rule.worker_manager_id = trimmed(fields[1]);
  if (rule.worker_manager_id.empty()) return wrong("the worker manager id is empty");
  if (fields.size() == 2) return rule;
  rule.max_task_concurrency = parse_integer(fields[2]);
  if (!rule.max_task_concurrency)
    return wrong(fmt::format("max_task_concurrency '{}' is not a whole number",
                             printable(trimmed(fields[2]))));
  return rule;
}

Status add_rule(PolicyOptions& policy, WaterfallRule rule) {
  for (const WaterfallRule& other : policy.waterfall)
    if (other.worker_manager_id == rule.worker_manager_id)
      return wrong(fmt::format("a second rule for the worker manager '{}'",
                               printable(rule.worker_manager_id)));
  if (policy.waterfall.size() == rules_max)
    return wrong(fmt::format("more than {} rules", rules_max));
  policy.waterfall.push_back(std::move(rule));
  return ok();
}

Result<PolicyOptions> parse_waterfall(std::string_view content) {
  // Tasks keep their required capabilities under it, as with the newest peer.
  PolicyOptions policy{AllocatePolicy::capability, ScalingPolicy::waterfall, {}};
  std::size_t number = 0;
  for (const std::string& whole : split_at(content, '\n')) {
    ++number;
    const std::string_view line = trimmed(std::string_view(whole).substr(0, whole.find('#')));
    if (line.empty()) continue;
    Result<WaterfallRule> rule = parse_rule(line);
    if (!rule) return std::move(rule.error()).within(fmt::format("line {}", number));
    if (Status added = add_rule(policy, std::move(*rule)); !added)
      return std::move(added.error()).within(fmt::format("line {}", number));
  }
  if (policy.waterfall.empty())
    return wrong(
        "no rule in it (expected lines of priority,worker_manager_id,max_task_concurrency)");
  return policy;
}

}  // namespace

Result<PolicyOptions> parse_policy(std::string_view engine, std::string_view content) {
  if (engine == "simple") return parse_simple(content);
  if (engine == "waterfall_v1") return parse_waterfall(content);
  return wrong(
      fmt::format("'{}' is not a policy engine (one of simple, waterfall_v1)", printable(engine)));
}

}  // namespace scaler::config
