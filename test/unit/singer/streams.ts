/** Two small streams that together have all properties that a catalog can select. */
import type { StreamDescription } from '../../../src/singer/catalog.ts';

export const chats: StreamDescription = {
  name: 'chats',
  aliases: ['chat'],
  schema: {
    type: 'object',
    properties: {
      id: { type: 'string' },
      update_timestamp: { type: ['null', 'string'], format: 'date-time' },
      rating: { type: ['null', 'string'] },
      visitor: {
        type: ['null', 'object'],
        properties: {
          name: { type: ['null', 'string'] },
          email: { type: ['null', 'string'] },
        },
      },
      history: {
        type: ['null', 'array'],
        items: {
          type: ['null', 'object'],
          properties: {
            msg: { type: ['null', 'string'] },
            index: { type: ['null', 'integer'] },
          },
        },
      },
      tags: { type: ['null', 'array'], items: { type: 'string' } },
      additional_fields: { type: ['null', 'string'] },
    },
  },
  keyProperties: ['id'],
  replicationMethods: ['INCREMENTAL', 'FULL_TABLE'],
  replicationKey: 'update_timestamp',
  isDefault: true,
};

export const shortcuts: StreamDescription = {
  name: 'shortcuts',
  aliases: [],
  schema: {
    type: 'object',
    properties: {
      id: { type: 'string' },
      name: { type: ['null', 'string'] },
      departments: { type: ['null', 'array'], items: { type: 'integer' } },
    },
  },
  keyProperties: ['id'],
  replicationMethods: ['FULL_TABLE'],
  isDefault: true,
};

export const agents: StreamDescription = {
  name: 'agents',
  aliases: [],
  schema: {
    type: 'object',
    properties: { id: { type: 'integer' }, email: { type: ['null', 'string'] } },
  },
  keyProperties: ['id'],
  replicationMethods: ['FULL_TABLE', 'INCREMENTAL'],
  replicationKey: 'id',
  isDefault: false,
};

export const streams: readonly StreamDescription[] = [shortcuts, agents, chats];
