-- id: SM-E15
-- title: Notebook made and deleted within hours
-- meaning: A notebook instance was made and deleted within four hours by one principal who made none in the
--   baseline.
-- severity: medium
-- attack: T1070 T1578.002
-- atlas: AML.T0012
-- window: 4 hours; first seen against the baseline
-- needs: management, baseline
-- look-alikes: tests of a pipeline, in the baseline
WITH makers AS (
  SELECT DISTINCT b.actor_key, 1 AS seen FROM events b CROSS JOIN params q
  WHERE b.ts < q.split AND b.event_name = 'CreateNotebookInstance' AND b.ok = 1
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'made and deleted the notebook ' || e.resource_name || ' within four hours' AS why,
       d.event_id AS deleted_event_id
FROM events e
JOIN events d ON d.actor_key = e.actor_key AND d.resource_name = e.resource_name
CROSS JOIN params p
LEFT JOIN makers m ON m.actor_key = e.actor_key
WHERE p.has_baseline = 1 AND e.ts >= p.split AND m.seen IS NULL
  AND e.event_name = 'CreateNotebookInstance' AND e.ok = 1 AND d.event_name = 'DeleteNotebookInstance' AND d.ok = 1
  AND d.ts >= e.ts AND d.ts <= e.ts + 14400
