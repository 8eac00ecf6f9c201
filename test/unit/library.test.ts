// The remedies for ews-javascript-api that its round trips do not show.
import { expect, test } from 'vitest'
import { exchangeService, library } from '../../controller/ews/library.ts'

const url = 'https://mail.corp.example/EWS/Exchange.asmx'
const ews = library()

test('an answer of nothing rejects, instead of never settling', async () => {
  const service = exchangeService(async () => '', url)
  const asked = service.FindFolders(new ews.FolderId('id'), new ews.FolderView(10))
  await expect(asked).rejects.toBeDefined()
})

test('what the sender rejects with is what the caller sees', async () => {
  const reason = new Error('the sender’s own')
  const service = exchangeService(() => Promise.reject(reason), url)
  const asked = service.FindFolders(new ews.FolderId('id'), new ews.FolderView(10))
  await expect(asked).rejects.toBe(reason)
})

test('text, attributes and whom we act as are escaped, and what XML cannot carry is dropped', async () => {
  const sent: string[] = []
  const send = async (soap: string) => {
    sent.push(soap)
    return ''
  }
  const service = exchangeService(send, url, 'o’neil&"<x>@corp.example')
  const id = new ews.FolderId('a"b<c>&\u0001')
  await service.FindFolders(id, new ews.FolderView(10)).catch(() => {})
  expect(sent[0]).toContain('o’neil&amp;&quot;&lt;x&gt;@corp.example')
  expect(sent[0]).toContain('Id="a&quot;b&lt;c&gt;&amp;"')
})

test('one error for a whole batch is everybody’s, with its wait', async () => {
  const types = 'http://schemas.microsoft.com/exchange/services/2006/types'
  const messages = 'http://schemas.microsoft.com/exchange/services/2006/messages'
  const answer = `<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="${types}" xmlns:m="${messages}"><s:Header><t:ServerVersionInfo MajorVersion="15" MinorVersion="2"/></s:Header><s:Body><m:GetItemResponse><m:ResponseMessages><m:GetItemResponseMessage ResponseClass="Error"><m:MessageText>busy</m:MessageText><m:ResponseCode>ErrorServerBusy</m:ResponseCode><m:DescriptiveLinkKey>0</m:DescriptiveLinkKey><m:MessageXml><t:Value Name="BackOffMilliseconds">12345</t:Value></m:MessageXml></m:GetItemResponseMessage></m:ResponseMessages></m:GetItemResponse></s:Body></s:Envelope>`
  const service = exchangeService(async () => answer, url)
  const ids = [new ews.ItemId('a'), new ews.ItemId('b')]
  const responses = await service.BindToItems(ids, ews.PropertySet.IdOnly)
  expect(responses.Responses.map(({ ErrorCode }) => ErrorCode)).toEqual([
    ews.ServiceError.ErrorServerBusy,
    ews.ServiceError.ErrorServerBusy,
  ])
})

test('what XML forbids is dropped from a folder’s name, and no id becomes another one', async () => {
  const types = 'http://schemas.microsoft.com/exchange/services/2006/types'
  const messages = 'http://schemas.microsoft.com/exchange/services/2006/messages'
  const folder = (id: string, name: string) =>
    `<t:Folder><t:FolderId Id="${id}" ChangeKey="k"/><t:DisplayName>${name}</t:DisplayName></t:Folder>`
  const answer = `<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="${types}" xmlns:m="${messages}"><s:Header><t:ServerVersionInfo MajorVersion="15" MinorVersion="2"/></s:Header><s:Body><m:FindFolderResponse><m:ResponseMessages><m:FindFolderResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode><m:RootFolder TotalItemsInView="3" IncludesLastItemInRange="true"><t:Folders>${folder('a', 'Dud&#x1F;ek')}${folder('b', 'Dud&amp;#x1F;ek')}${folder('c&#x0;d', 'Żak')}</t:Folders></m:RootFolder></m:FindFolderResponseMessage></m:ResponseMessages></m:FindFolderResponse></s:Body></s:Envelope>`
  const service = exchangeService(async () => answer, url)
  const found = await service.FindFolders(new ews.FolderId('id'), new ews.FolderView(10))
  expect(found.Folders.map(({ Id, DisplayName }) => [Id.UniqueId, DisplayName])).toEqual([
    ['a', 'Dudek'],
    ['b', 'Dud&#x1F;ek'],
    ['c\ufffdd', 'Żak'],
  ])
})
