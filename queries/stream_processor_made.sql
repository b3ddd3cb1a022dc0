-- id: AI-R03
-- title: Stream processor set up
-- meaning: A processor that looks for faces or things in live video was made.
-- severity: medium
-- attack: T1537
-- atlas: AML.T0085
-- window: any
-- needs: management
-- look-alikes: a project with cameras, by infrastructure as code, which is left out
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'made the stream processor ' || e.resource_name AS why
FROM events e
WHERE e.event_source = 'rekognition.amazonaws.com' AND e.event_name = 'CreateStreamProcessor' AND e.ok = 1 AND e.is_iac = 0
