-- id: SM-N05
-- title: Credentials of one session from two networks
-- meaning: The same temporary key was used from two public networks within an hour.
-- severity: high
-- attack: T1550.001
-- atlas: AML.T0012
-- window: 1 hour
-- needs: management
-- look-alikes: a VPN that splits traffic: then the pair is in the baseline; long-term keys, which many machines
--   share
WITH n AS (
  SELECT access_key_id, ip_net, MIN(ts) AS first_ts, MAX(ts) AS last_ts
  FROM events
  WHERE access_key_kind = 'ASIA' AND ip_kind = 'public' AND invoked_by = ''
  GROUP BY access_key_id, ip_net
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'the key ' || b.access_key_id || ' came from ' || a.ip_net || ' and ' || b.ip_net AS why,
       b.access_key_id, e.source_ip
FROM n a
JOIN n b ON b.access_key_id = a.access_key_id
JOIN events e ON e.access_key_id = b.access_key_id AND e.ip_net = b.ip_net AND e.ts = b.first_ts
CROSS JOIN params p
LEFT JOIN (
  SELECT DISTINCT x.principal_key, x.ip_net, 1 AS seen FROM events x CROSS JOIN params q WHERE x.ts < q.split AND x.ip_kind = 'public'
) k ON k.principal_key = e.principal_key AND k.ip_net = e.ip_net
WHERE a.ip_net <> b.ip_net AND b.first_ts >= a.first_ts AND b.first_ts <= a.last_ts + 3600
  AND b.first_ts >= p.split AND k.seen IS NULL AND e.ip_kind = 'public'
