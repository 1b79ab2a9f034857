import { readFileSync, readdirSync } from 'node:fs';

import { expect, test } from '@jest/globals';
import { Ajv } from 'ajv';

interface Schema {
  readonly type: string | readonly string[];
  readonly format?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

const folder = new URL('../../schemas/streams/', import.meta.url);
const files = readdirSync(folder);

function schemaOf(stream: string): Schema {
  return JSON.parse(readFileSync(new URL(`${stream}.json`, folder), 'utf8')) as Schema;
}

/** Every schema within a schema by its path: `visitor.name`, and `tags[]` for an array's items. */
function nodes(schema: Schema, path = ''): [string, Schema][] {
  const below = Object.entries(schema.properties ?? {}).flatMap(([name, child]) =>
    nodes(child, path === '' ? name : `${path}.${name}`),
  );
  const items = schema.items === undefined ? [] : nodes(schema.items, `${path}[]`);
  return [[path, schema], ...below, ...items];
}

/** Letters for types: s text, i integer, n number, b boolean, d date-time. */
function letter(schema: Schema): string {
  const types = [schema.type].flat().filter((type) => type !== 'null');
  if (schema.format === 'date-time') return 'd';
  return types.map((type) => type.slice(0, 1)).join('');
}

/** `path:letter` of every value that is neither object nor array. */
function leaves(stream: string): string[] {
  return nodes(schemaOf(stream))
    .filter(([, node]) => node.properties === undefined && node.items === undefined)
    .map(([path, node]) => `${path}:${letter(node)}`);
}

function isOf(node: Schema, type: string): boolean {
  return [node.type].flat().includes(type);
}

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}

const plainConversion = (at: string): string => `
  ${at}id:s ${at}goal_id:i ${at}goal_name:s ${at}timestamp:d ${at}attribution.agent_id:i
  ${at}attribution.agent_name:s ${at}attribution.chat_timestamp:d ${at}attribution.department_id:i
  ${at}attribution.department_name:s`;

/**
 * The columns of Airbyte's connector and their types, null left aside. Arrays it gives no items have none here; of the
 * three columns of history to which it gives two types each, ours is here.
 */
const airbyte: Readonly<Record<string, string>> = {
  accounts: `account_key:s status:s create_date:d billing.additional_info:s billing.address1:s
    billing.address2:s billing.city:s billing.company:s billing.country_code:s billing.email:s
    billing.first_name:s billing.last_name:s billing.phone:s billing.postal_code:s billing.state:s
    billing.cycle:i plan.agent_leaderboard:b plan.agent_reports:b plan.analytics:b
    plan.chat_reports:b plan.daily_reports:b plan.email_reports:b plan.file_upload:b
    plan.high_load:b plan.integrations:b plan.ip_restriction:b plan.monitoring:b
    plan.operating_hours:b plan.rest_api:b plan.sla:b plan.support:b plan.unbranding:b plan.goals:i
    plan.max_agents:i plan.long_desc:s plan.max_advanced_triggers:s plan.max_basic_triggers:s
    plan.max_concurrent_chats:s plan.max_departments:s plan.max_history_search_days:s plan.name:s
    plan.short_desc:s plan.widget_customization:s plan.price:n`,
  agents: `id:i create_date:d departments[]:i display_name:s email:s enabled:b first_name:s
    last_login:d last_name:s login_count:i role_id:i roles.administrator:b roles.owner:b scope:s
    skills[]:i`,
  agent_timeline: 'id:s agent_id:i start_time:d duration:n engagement_count:i status:s',
  bans: 'id:i type:s reason:s ip_address:s visitor_id:s visitor_name:s create_date:d',
  chats: `id:s type:s agent_ids[]:s agent_names[]:s comment:s ${plainConversion('conversions[].')}
    count.agent:i count.total:i count.visitor:i deleted:b department_id:i department_name:s
    duration:i engagements[].accepted:b engagements[].agent_full_name:s engagements[].agent_id:s
    engagements[].agent_name:s engagements[].assigned:b engagements[].comment:s
    engagements[].count.agent:i engagements[].count.total:i engagements[].count.visitor:i
    engagements[].department_id:i engagements[].duration:n engagements[].id:s
    engagements[].rating:s engagements[].response_time.avg:n engagements[].response_time.first:i
    engagements[].response_time.max:i engagements[].skills_fulfilled:b engagements[].started_by:s
    engagements[].timestamp:d history[].type:s history[].channel:s
    ${plainConversion('history[].conversion.')} history[].department_id:i
    history[].department_name:s history[].msg:s history[].msg_id:s history[].name:s
    history[].new_rating:s history[].nick:s history[].options:s history[].prev_department_id:i
    history[].rating:s history[].timestamp:d message:s missed:b rating:s response_time.avg:n
    response_time.first:i response_time.max:i session.browser:s session.city:s
    session.country_code:s session.country_name:s session.id:s session.ip:s session.platform:s
    session.region:s session.user_agent:s session.start_date:d session.end_date:d started_by:s
    tags[]:s timestamp:d triggered:b triggered_response:b unread:b update_timestamp:d
    visitor.email:s visitor.name:s visitor.notes:s visitor.phone:s visitor.id:s webpath[].from:s
    webpath[].timestamp:d webpath[].title:s webpath[].to:s zendesk_ticket_id:i`,
  departments: 'id:i name:s description:s enabled:b members[]:i',
  goals: `id:i name:s description:s enabled:b attribution_model:s attribution_period:i
    settings.conditions[].type:s settings.conditions[].operator:s settings.conditions[].value:s`,
  roles: `id:i name:s description:s enabled:b members_count:i permissions.access_analytics:s
    permissions.edit_department_agents:s permissions.manage_bans:s permissions.manage_shortcuts:s
    permissions.proactive_chatting:s permissions.set_agent_chat_limit:s permissions.view_monitor:s
    permissions.view_past_chats:s permissions.visitors_seen:s permissions.edit_chat_tags:b
    permissions.edit_visitor_information:b permissions.edit_visitor_notes:b`,
  routing_settings: `auto_idle.enabled:b auto_idle.new_status:s
    auto_idle.reassignments_before_idle:i chat_limit.allow_agent_override:b chat_limit.enabled:b
    chat_limit.limit:i chat_limit.limit_type:s reassignment.enabled:b reassignment.timeout:i
    routing_mode:s skill_routing.enabled:b skill_routing.max_wait_time:i`,
  shortcuts: 'id:s name:s message:s options:s scope:s departments[]:i tags[]:s',
  skills: 'id:i name:s description:s enabled:b members[]:i',
  triggers: 'id:i name:s description:s enabled:b definition.version:i',
};

/** What the API sends, or the tap adds, beyond that; items of arrays included. */
const beyondAirbyte: Readonly<Record<string, string>> = {
  accounts: 'plan.weekly_reports:b',
  agents: 'enabled_departments[]:i',
  agent_timeline: '',
  bans: 'created_at:d',
  chats: `end_timestamp:d proactive:b dropped:b abandon_time:n skills_requested[]:i
    skills_fulfilled:b referrer_search_engine:s referrer_search_terms:s visitor.banned:b
    visitor.external_id:s engagements[].skills_requested[]:i history[].index:i
    history[].sender_type:s history[].agent_id:s history[].source:s history[].tags[]:s
    history[].new_tags[]:s history[].comment:s history[].new_comment:s history[].skills_name[]:s
    history[].reason:s history[].attachment.name:s history[].attachment.type:s
    history[].attachment.mime_type:s history[].attachment.size:i history[].attachment.url:s
    history[].attachment.deleted:b`,
  departments:
    'settings.chat_enabled:b settings.support_group_id:i settings.solved_ticket_reassignment_strategy:s',
  goals: '',
  roles: '',
  routing_settings: 'id:s auto_accept.enabled:b',
  shortcuts: 'agents[]:i',
  skills: '',
  triggers: 'definition.editor:s definition.event:s definition.condition:s definition.actions:s',
};

const keys: readonly [stream: string, key: string, type: string][] = [
  ['accounts', 'account_key', 'string'],
  ['agent_timeline', 'id', 'string'],
  ['agents', 'id', 'integer'],
  ['bans', 'id', 'integer'],
  ['chats', 'id', 'string'],
  ['departments', 'id', 'integer'],
  ['goals', 'id', 'integer'],
  ['roles', 'id', 'integer'],
  ['routing_settings', 'id', 'string'],
  ['shortcuts', 'id', 'string'],
  ['skills', 'id', 'integer'],
  ['triggers', 'id', 'integer'],
];
const streams = keys.map(([stream]) => stream);

test('There is a schema for each of the twelve default streams', () => {
  expect(files).toEqual(expect.arrayContaining(streams.map((stream) => `${stream}.json`)));
});

test.each(streams)('%s has the columns and types of Airbyte and all the API sends', (stream) => {
  const expected = words(`${airbyte[stream]} ${beyondAirbyte[stream]} additional_fields:s`);
  expect(leaves(stream).sort()).toEqual(expected.sort());
});

test.each(keys)('%s has the key %s, which is never null', (stream, key, type) => {
  expect(schemaOf(stream).properties?.[key]?.type).toBe(type);
});

test.each(streams)('%s allows null in every column but its key', (stream) => {
  const isKey = (path: string): boolean =>
    keys.some(([name, key]) => name === stream && key === path);
  const columns = nodes(schemaOf(stream)).filter(([path]) => path !== '' && !path.endsWith('[]'));
  const notNullable = columns.filter(([, node]) => !isOf(node, 'null'));
  expect(notNullable.map(([path]) => path).filter((path) => !isKey(path))).toEqual([]);
});

test.each(files)('%s uses only words that every target understands', (file) => {
  const allowed = new Set(['description', 'format', 'items', 'properties', 'type']);
  const used = nodes(schemaOf(file.replace('.json', ''))).flatMap(([, node]) => Object.keys(node));
  expect(used.filter((word) => !allowed.has(word))).toEqual([]);
});

test.each(files)(
  '%s has objects with properties, arrays with items and no other format than date-time',
  (file) => {
    const all = nodes(schemaOf(file.replace('.json', '')));
    const wrong = all.filter(
      ([, node]) =>
        isOf(node, 'object') !== Object.keys(node.properties ?? {}).length > 0 ||
        isOf(node, 'array') !== (node.items?.type !== undefined) ||
        !['date-time', undefined].includes(node.format) ||
        (node.format !== undefined && !isOf(node, 'string')),
    );
    expect(wrong).toEqual([]);
  },
);

test.each(files)('%s gives each column one type besides null', (file) => {
  const several = nodes(schemaOf(file.replace('.json', ''))).filter(
    ([, node]) => [node.type].flat().filter((type) => type !== 'null').length !== 1,
  );
  expect(several.map(([path]) => path)).toEqual([]);
});

test.each(files)(
  '%s has names that a database takes as they are, unique also when flattened',
  (file) => {
    const paths = nodes(schemaOf(file.replace('.json', ''))).map(([path]) => path);
    const names = paths.flatMap((path) => path.split('.').slice(-1)).filter((name) => name !== '');
    expect(names.filter((name) => !/^[a-z_][a-z0-9_]*(\[\])?$/.test(name))).toEqual([]);
    const flat = paths.map((path) => path.replaceAll('.', '__'));
    expect(flat.filter((name) => name.length > 63)).toEqual([]);
    expect(new Set(flat).size).toBe(flat.length);
  },
);

test.each(files)('%s is described, as is the column for what no other could take', (file) => {
  const schema = schemaOf(file.replace('.json', ''));
  expect(schema.description).toMatch(/^[A-Z].*\.$/);
  expect(schema.properties?.['additional_fields']?.description).toMatch(/JSON/);
});

test.each(files)('%s compiles under strict ajv', (file) => {
  const ajv = new Ajv({ strict: true, formats: { 'date-time': true } });
  expect(() => ajv.compile(schemaOf(file.replace('.json', '')))).not.toThrow();
});

test.each([
  ['departments', 'members[]', ['null', 'integer']],
  ['agents', 'departments[]', 'integer'],
  ['chats', 'tags[]', 'string'],
  ['chats', 'history[]', 'object'],
])('%s: an item of %s is %j', (stream, path, type) => {
  const found = nodes(schemaOf(stream)).find(([name]) => name === path);
  expect(found?.[1].type).toEqual(type);
});
