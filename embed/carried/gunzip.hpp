#pragma once

#include <string>
#include <string_view>

namespace scaler::embed {

// What `packed`, a whole gzip file that this program carries, was before packing.
std::string gunzip(std::string_view packed);

}  // namespace scaler::embed
