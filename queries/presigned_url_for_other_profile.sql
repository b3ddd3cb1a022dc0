-- id: SM-A01
-- title: Studio opened as somebody else
-- meaning: Who opened one Studio profile before opens another one for the first time; or somebody opens for the
--   first time a profile that another person opened before. The event says where the link was made, not where it
--   was used.
-- severity: high
-- attack: T1550.001 T1078.004
-- atlas: AML.T0012
-- window: first seen against the baseline
-- needs: management, baseline
-- look-alikes: a portal that makes links for everybody (five profiles or more in the baseline), and the profiles that
--   only it opened; the first sign-in of somebody new, who has no profile yet
WITH opened AS (
  SELECT actor_key, target_profile, MIN(ts) AS first_ts
  FROM events
  WHERE event_name = 'CreatePresignedDomainUrl' AND ok = 1 AND target_profile <> ''
  GROUP BY actor_key, target_profile
), before AS (
  SELECT o.actor_key, COUNT(*) AS profiles
  FROM opened o CROSS JOIN params q
  WHERE o.first_ts < q.split
  GROUP BY o.actor_key
), owned AS (
  SELECT o.target_profile, COUNT(*) AS others
  FROM opened o
  JOIN before b ON b.actor_key = o.actor_key
  CROSS JOIN params q
  WHERE o.first_ts < q.split AND b.profiles < 5
  GROUP BY o.target_profile
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'opened ' || e.target_profile || ' for the first time, after ' ||
         CASE WHEN COALESCE(b.profiles, 0) > 0 THEN 'other profiles' ELSE 'others had opened it' END AS why,
       e.target_profile, e.source_ip
FROM opened o
LEFT JOIN before b ON b.actor_key = o.actor_key
LEFT JOIN owned w ON w.target_profile = o.target_profile
JOIN events e ON e.actor_key = o.actor_key AND e.target_profile = o.target_profile AND e.ts = o.first_ts
CROSS JOIN params p
WHERE p.has_baseline = 1 AND o.first_ts >= p.split AND COALESCE(b.profiles, 0) < 5
  AND (COALESCE(b.profiles, 0) > 0 OR COALESCE(w.others, 0) > 0)
  AND e.event_name = 'CreatePresignedDomainUrl' AND e.ok = 1
