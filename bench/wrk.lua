-- Arguments: method, path, bytes of the body, "chunked" or "plain", number of
-- partners.
local path, partners, step, at

function init(args)
  local size = tonumber(args[3])
  wrk.method, wrk.path, path, partners = args[1], args[2], args[2], tonumber(args[5])
  step, at = math.max(1, math.floor(partners / 100)), 0
  wrk.headers["Accept"] = "application/json"
  wrk.headers["User-Agent"] = "bench"
  if size == 0 then return end
  wrk.headers["Content-Type"] = "application/json"
  local body = '{"data":"' .. string.rep("x", size - 11) .. '"}'
  if args[4] ~= "chunked" then
    wrk.body = body
    return
  end
  wrk.headers["Transfer-Encoding"] = "chunked"
  local head, chunks, step = wrk.format(), {}, 32768
  for i = 1, size, step do
    local chunk = body:sub(i, i + step - 1)
    chunks[#chunks + 1] = string.format("%x\r\n", #chunk) .. chunk .. "\r\n"
  end
  local whole = head .. table.concat(chunks) .. "0\r\n\r\n"
  wrk.format = function() return whole end
end

-- A hundred of the partners in turn, evenly from all. Only defined where it is
-- needed: without it wrk sends the same bytes again.
if os.getenv("BENCH_SPREAD") then
  function request()
    at = (at + step) % partners
    return wrk.format(nil, string.format("/%04d%s", at, path))
  end
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    'bench {"requests":%d,"microseconds":%d,"p50":%d,"p99":%d,"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    e.connect, e.read, e.write, e.status, e.timeout))
end
