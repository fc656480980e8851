// quern export: a combination of a result as a tuned configuration.
#include <fmt/format.h>

#include "host/base/error.hpp"
#include "host/export/tuned_configuration.hpp"
#include "host/results/files.hpp"
#include "host/results/result_file.hpp"
#include "jobs/common.hpp"

namespace quern {

int run_export(const ExportOptions& options) {
  const H5File file = open_result(options.result);
  const std::string text = tuned_configuration(file, options.rank, options.series);
  if (options.output.empty()) {
    print(text);
    return 0;
  }
  write_file(options.output, text);
  print(fmt::format("{}: rank {} of {}\n", options.output, options.rank, options.result));
  return 0;
}

}  // namespace quern
