// The one file that compiles Boost's header-only parts, so that no other has to (CMake sets the matching
// definitions).
#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
#include <boost/json/src.hpp>
