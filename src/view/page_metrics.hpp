#pragma once

#include <string>

#include "scaler/view/cluster_view.hpp"

namespace scaler::view {

// Prometheus' text format, version 0.0.4. Of a scheduler that is silent only that.
std::string metrics_text(const ClusterView& cluster, bool is_fresh, Duration age);

}  // namespace scaler::view
