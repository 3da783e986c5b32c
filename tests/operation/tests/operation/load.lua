-- Asks for one path again and again, and writes down every answer: its status, its text, and when it was asked
-- for and had, in microseconds.

local ffi = require("ffi")
ffi.cdef [[
  typedef struct { long seconds; long nanoseconds; } moment;
  int clock_gettime(int clock, moment *now);
]]
local REALTIME = 0
local moment = ffi.new("moment")

local function now()
  ffi.C.clock_gettime(REALTIME, moment)
  return string.format("%.0f", tonumber(moment.seconds) * 1e6 + math.floor(tonumber(moment.nanoseconds) / 1e3))
end

local threads = 0

function setup(thread)
  threads = threads + 1
  thread:set("number", threads)
end

function init(arguments)
  answers = assert(io.open(arguments[1] .. "/" .. number, "w"))
  headers = {}
end

-- The Worker answers with the header: which answer belongs to which request is not told here.
function request()
  headers["X-Asked"] = now()
  return wrk.format("GET", nil, headers)
end

function response(status, _, body)
  answers:write(status, " ", now(), " ", body, "\n")
end

function done(summary)
  local errors = summary.errors
  io.write(string.format("errors %d\n",
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
