-- No two heads alike: each placeholder of browser.head is filled with the number of the request.
dofile("report.lua")

local file = assert(io.open("../browser.head"))
local head = file:read("*a"):gsub("\n", "\r\n")
file:close()
local n = 0

function request()
  n = n + 1
  return head:format(n, n, n, n, n, n, n, n)
end
