-- id: RR-08
-- title: The trail was stopped or changed
-- meaning: Without the trail nothing here can be seen. Which data events were lost is not compared.
-- severity: critical
-- attack: T1562.008
-- atlas: -
-- window: any
-- needs: management
-- look-alikes: a planned move of the trail
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.event_name || ' ' || e.resource_name AS why
FROM events e
WHERE e.event_source = 'cloudtrail.amazonaws.com' AND e.ok = 1 AND e.event_name IN ('StopLogging', 'DeleteTrail', 'UpdateTrail', 'PutEventSelectors', 'DeleteEventDataStore')
