-- id: SM-R02
-- title: Model package made as approved
-- meaning: A model package was registered with the status Approved at once: nobody reviewed it.
-- severity: high
-- attack: T1677
-- atlas: AML.T0010.003
-- window: any; who did it three times in the baseline is left out
-- needs: management, baseline
-- look-alikes: pipelines that approve by themselves
WITH auto AS (
  SELECT b.actor_key, COUNT(*) AS n FROM events b CROSS JOIN params q
  WHERE b.ts < q.split AND b.event_name = 'CreateModelPackage' AND b.approval = 'Approved' AND b.ok = 1
  GROUP BY b.actor_key
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'registered ' || e.resource_name || ' as approved at once' AS why
FROM events e
CROSS JOIN params p
LEFT JOIN auto a ON a.actor_key = e.actor_key
WHERE p.has_baseline = 1 AND e.ts >= p.split AND COALESCE(a.n, 0) < 3
  AND e.event_name = 'CreateModelPackage' AND e.approval = 'Approved' AND e.ok = 1
