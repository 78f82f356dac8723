-- The settings kept at KEYS[1], and for every further key: how many there are with this one, and for how many ms they
-- still count. The first one begins the window of ARGV[1] ms.
local counts = {}
for i = 2, #KEYS do
  local made = redis.call('INCR', KEYS[i])
  if made == 1 then redis.call('PEXPIRE', KEYS[i], ARGV[1]) end
  counts[i - 1] = {made, redis.call('PTTL', KEYS[i])}
end
return {redis.call('GET', KEYS[1]), counts}
