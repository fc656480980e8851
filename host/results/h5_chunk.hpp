// One chunk of a column in the form in which HDF5 stores it (shuffle, deflate, fletcher32), so that chunks can be made on
// several threads and handed to the library whole.
#pragma once

#include <cstddef>
#include <string>

namespace quern {

// `bytes` holds the whole chunk: rows of `width` bytes, those beyond the column's end zero.
std::string packed_chunk(const std::string& bytes, std::size_t width);

}  // namespace quern
