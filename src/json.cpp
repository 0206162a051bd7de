// Boost.JSON, compiled once; everything else of the library is headers.
#include <boost/json/src.hpp>
