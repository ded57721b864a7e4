-- Say in one line of JSON what was answered; with a number as argument, POST that many octets.

function init(args)
  local octets = tonumber(args[1] or "0")
  if octets > 0 then
    wrk.method = "POST"
    wrk.headers["Content-Type"] = "application/octet-stream"
    wrk.body = string.rep("x", octets)
  end
end

function done(summary, latency, requests)
  local wrong = summary.errors
  io.write(string.format(
    '{"requests": %d, "seconds": %.6f, "p50": %.6f, "p99": %.6f, "errors": %d}\n',
    summary.requests, summary.duration / 1e6,
    latency:percentile(50) / 1e6, latency:percentile(99) / 1e6,
    wrong.connect + wrong.read + wrong.write + wrong.status + wrong.timeout))
end
